import type { Actor } from '../../domain/access.ts';
import { shardOf } from '../../domain/ids.ts';
import { isTerminal } from '../../domain/job/job.ts';
import { errorName } from '../ports/log.ts';
import type { JobShards } from '../ports/job-shard/job-shard.ts';
import type { JobSnapshot } from '../ports/job-shard/snapshot.ts';
import type { ExecuteDeps } from '../run/attempt.ts';
import { runTurn } from '../run/turn/run-turn.ts';
import { makeSlots } from '../run/turn/slots.ts';
import { within } from '../within.ts';
import type { Submitted } from './create-job.ts';

export type InlineDeps = ExecuteDeps & {
  readonly shards: JobShards;
  /** Lets what was begun come to its end after the answer. */
  readonly background: (work: Promise<void>) => void;
};

/** How long a request that waits lives on after its answer, to bring what runs to an end. */
export const AFTER_WAIT_MS = 20_000;
/** What a request can take on by itself. */
export const INLINE_CAPACITY = { calls: 6, local: 16 };

const POLL_FIRST_MS = 25;
const POLL_MAX_MS = 1_000;

/**
 * Waits for a job in the request that submitted it. The request itself is the runner, with the same code and
 * the same durability as any other; what it cannot finish in time, or may not take on, the queue takes over.
 */
export async function runInline(
  deps: InlineDeps,
  actor: Actor,
  { snapshot, turn }: Submitted,
  waitUntilMs: number,
): Promise<JobSnapshot> {
  const { machine } = deps;
  const run = beginInline(deps, actor, { snapshot, turn }, waitUntilMs);
  if (run !== null) {
    const end = await within(machine, waitUntilMs - machine.nowMs(), run);
    if (end !== null) return end;
  }
  return waitForEnd(deps, actor, snapshot, waitUntilMs);
}

/**
 * Begins to run a job in the request that submitted it, with the work that the submit's answer has brought; null when
 * it has brought none. Gives the job if this run saw its end, and never rejects.
 */
export function beginInline(
  deps: InlineDeps,
  actor: Actor,
  { snapshot, turn }: Pick<Submitted, 'snapshot' | 'turn'>,
  untilMs: number,
): Promise<JobSnapshot | null> | null {
  if (turn === null || turn.work.length === 0) return null;
  const { id } = snapshot.state.birth;
  const shard = deps.shards.of(actor.project, shardOf(id));
  const run = runTurn(
    { ...deps, shard, calls: makeSlots(INLINE_CAPACITY.calls) },
    {
      jobId: id,
      hinted: false,
      untilMs: untilMs + AFTER_WAIT_MS,
      claimUntilMs: untilMs,
      first: { answer: turn, definition: snapshot.definition },
    },
  ).catch((error: unknown): null => {
    // The lease runs out and another runner takes over.
    deps.log('error', 'inline.turn_failed', { job_id: id, error: errorName(error) });
    return null;
  });
  deps.background(run.then(() => {}));
  return run;
}

/** Looks again, ever more seldom, until the job is over or the time is. */
async function waitForEnd(
  { shards, machine }: Pick<InlineDeps, 'shards' | 'machine'>,
  actor: Actor,
  submitted: JobSnapshot,
  untilMs: number,
): Promise<JobSnapshot> {
  const { id } = submitted.state.birth;
  let pauseMs = POLL_FIRST_MS;
  for (;;) {
    const snapshot = await shards.of(actor.project, shardOf(id)).read({ jobId: id, include: [] });
    const leftMs = untilMs - machine.nowMs();
    const latest = snapshot ?? submitted;
    if (isTerminal(latest.state.status) || leftMs <= 0) return latest;
    await machine.wait(Math.min(pauseMs, leftMs));
    pauseMs = Math.min(POLL_MAX_MS, pauseMs * 1.5);
  }
}
