import { DEPLOYMENT, type ProjectId } from '../../../domain/ids.ts';
import { targetName } from '../../../domain/model/target-gate.ts';
import { within } from '../../within.ts';
import type { Backlogs } from '../../ports/backlogs.ts';
import { errorName, type Log } from '../../ports/log.ts';
import type { Machine } from '../../ports/runtime.ts';
import type { SampleStore } from '../../ports/sample-store.ts';
import type { TargetDesk } from '../../ports/targets/target-desk.ts';
import { circuitWord, isOutside } from '../../targets/target-state.ts';
import {
  MINUTE_MS,
  minuteOf,
  type QueueSample,
  type RunnableSample,
  type TargetSample,
} from '../facts/fact.ts';

export type SampleDeps = {
  readonly store: SampleStore;
  readonly backlogs: Pick<Backlogs, 'queues'>;
  readonly desk: Pick<TargetDesk, 'view' | 'health'>;
  /** Tells the outside of what was seen and kept. Never throws. */
  readonly observe: (seen: readonly (QueueSample | TargetSample)[]) => void;
  readonly log: Log;
  readonly machine: Pick<Machine, 'nowMs' | 'wait'>;
};

/** What one sample takes in at most. */
const QUEUES_MAX = 100;
const TARGETS_MAX = 50;
const PROJECTS_MAX = 1_000;
/** Some of the targets in use may run in the Worker, or lack a setting. */
const USED_MAX = 4 * TARGETS_MAX;
/** What has not been found out, or written, after this long is done without. */
const PATIENCE_MS = 6_000;

/** Facts of a sample are numbered by their kind, in the order of their names. */
const FIRST_TARGET = QUEUES_MAX + 1;

/**
 * Looks how queues, waiting jobs and targets stand, and keeps it as facts of the minute that the schedule was for. However
 * often a minute is told, it has one sample; one that comes a minute late or more says nothing of its minute. Nothing
 * that is silent, late or broken keeps the others from being seen.
 */
export async function takeSample(deps: SampleDeps, scheduledAtMs: number): Promise<void> {
  const { store, machine, observe } = deps;
  if (machine.nowMs() - scheduledAtMs >= MINUTE_MS) return;
  const minuteMs = minuteOf(scheduledAtMs);
  const [queues, targets, waiting] = await Promise.all([
    attempt(deps, 'queues', queueSamples(deps, minuteMs)),
    attempt(deps, 'targets', targetSamples(deps, minuteMs)),
    attempt(deps, 'jobs', runnableSamples(deps, minuteMs)),
  ]);
  const shared = [...(queues ?? []), ...(targets ?? [])];
  const seen = new Map<ProjectId, readonly (QueueSample | RunnableSample | TargetSample)[]>(
    waiting,
  );
  if (shared.length > 0) seen.set(DEPLOYMENT, shared);
  if (seen.size === 0) return;
  const isKept = await attempt(deps, 'store', store.keep(minuteMs, seen));
  if (isKept === true) observe(shared);
}

/** Null for what fails or takes too long, with a line that says so. */
async function attempt<Value>(
  { log, machine }: SampleDeps,
  what: string,
  work: Promise<Value>,
): Promise<Value | null> {
  try {
    const found = await within(machine, PATIENCE_MS, work);
    if (found === null) log('warn', 'metrics.unsampled', { what, error: 'late' });
    return found;
  } catch (error) {
    log('warn', 'metrics.unsampled', { what, error: errorName(error) });
    return null;
  }
}

/** Queues that do not tell how they stand are left out. */
async function queueSamples(
  { backlogs, machine }: SampleDeps,
  minuteMs: number,
): Promise<QueueSample[]> {
  const queues = await backlogs.queues();
  const nowMs = machine.nowMs();
  return queues
    .toSorted((a, b) => (a.queue < b.queue ? -1 : 1))
    .slice(0, QUEUES_MAX)
    .flatMap(({ queue, messages, oldestAtMs }, index): QueueSample[] => {
      if (messages === null) return [];
      const subject = { kind: 'queue_sample', seq: index + 1, at: minuteMs, queue } as const;
      return [{ ...subject, messages, ...agePart(oldestAtMs, nowMs) }];
    });
}

/** Targets in use outside the Worker, each one call to its gate; those whose gates do not answer are left out. */
async function targetSamples(
  { store, desk }: SampleDeps,
  minuteMs: number,
): Promise<TargetSample[]> {
  const used = await store.usedTargets(minuteMs, USED_MAX);
  const outside = used.filter((target) => isOutside(desk.view(target))).slice(0, TARGETS_MAX);
  const ordered = outside.toSorted((a, b) => (targetName(a) < targetName(b) ? -1 : 1));
  const samples = ordered.map(async (target, index): Promise<TargetSample[]> => {
    const health = await desk.health(target);
    if (health === null) return [];
    const subject = { kind: 'target_sample', seq: FIRST_TARGET + index, at: minuteMs } as const;
    return [{ ...subject, ...target, state: circuitWord(health) }];
  });
  return (await Promise.all(samples)).flat();
}

async function runnableSamples(
  { store, machine }: SampleDeps,
  minuteMs: number,
): Promise<(readonly [ProjectId, readonly RunnableSample[]])[]> {
  const waiting = await store.waiting(minuteMs, PROJECTS_MAX);
  const nowMs = machine.nowMs();
  return waiting.map(({ project, jobs, oldestSinceMs }) => {
    const subject = { kind: 'runnable_sample', seq: 1, at: minuteMs } as const;
    return [project, [{ ...subject, jobs, ...agePart(oldestSinceMs, nowMs) }]];
  });
}

function agePart(sinceMs: number | null, nowMs: number): { readonly oldest_age_ms?: number } {
  return sinceMs === null ? {} : { oldest_age_ms: Math.max(0, nowMs - sinceMs) };
}
