import { setTimeout as sleep } from 'node:timers/promises';

import type { JobView } from '../../../src/services/views/jobs/job-schema.ts';
import type { JournalEntry } from '../../support/simulator/journal.ts';
import type { Api } from '../support/api.ts';
import { ended, submit } from '../support/jobs.ts';
import { question } from '../support/pipelines.ts';
import { addRules, callsOf } from '../support/simulator-client.ts';
import { HEALTHY_MS, type Phase } from './phases.ts';

export type Targets = { readonly first: string; readonly second: string };

/** One job of the stream: its end, and how long its client has waited for it. */
export type Served = { readonly job: JobView; readonly tookMs: number };

export type PhaseResult = {
  readonly phase: Phase;
  readonly served: readonly Served[];
  /** The calls that reached the targets for these jobs. */
  readonly calls: readonly JournalEntry[];
};

/** Says how the first target answers each phase's jobs, told apart by a word in their prompts. */
export async function scriptIncident(
  phases: readonly Phase[],
  { first, second }: Targets,
): Promise<void> {
  const healthy = { fault: { latency_ms: HEALTHY_MS } };
  const rules = phases.map(({ fault, share = 1 }, index) => ({
    match: { model: first, contains: wordOf(index) },
    probability: share,
    // The same calls fail whatever other tests have scripted.
    seed: index,
    fault,
  }));
  await addRules(...rules, { match: { model: first }, ...healthy });
  await addRules({ match: { model: second }, ...healthy });
}

function wordOf(index: number): string {
  return `phase-${index}:`;
}

export type StreamOptions = {
  readonly everyMs: number;
  /** Whether another job is sent, given those that have ended. */
  readonly goesOn: (served: readonly Served[]) => boolean;
};

/** Sends jobs at a steady rate, and waits for all of them. */
export async function streamJobs(
  api: Api,
  { phase, index, targets }: { phase: Phase; index: number; targets: Targets },
  { everyMs, goesOn }: StreamOptions,
): Promise<PhaseResult> {
  const served: Served[] = [];
  const sent: Promise<void>[] = [];
  while (goesOn(served)) {
    const text = `${wordOf(index)} question ${sent.length}?`;
    sent.push(serve(api, text).then((one) => void served.push(one)));
    await sleep(everyMs);
  }
  await Promise.all(sent);
  const calls = [...(await callsOf(targets.first)), ...(await callsOf(targets.second))];
  const own = calls.filter(({ body = '' }) => body.includes(wordOf(index)));
  return { phase, served, calls: own };
}

async function serve(api: Api, text: string): Promise<Served> {
  const sentAtMs = performance.now();
  const answered = await submit(api, question(text), { prefer: 'wait=30' });
  const job = answered.terminal ? answered : await ended(api, answered.id, 120_000);
  return { job, tookMs: performance.now() - sentAtMs };
}

/** The model that a job's result came from. */
export function servedBy({ job }: Served): string | undefined {
  const attempts = job.steps[0]?.attempts ?? [];
  return attempts.find(({ outcome }) => outcome === 'succeeded')?.target?.model;
}
