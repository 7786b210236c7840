import { attemptKey, type AttemptFacts, type Target } from '../../domain/attempt.ts';
import type { JobEvent } from '../../domain/event.ts';
import { isTerminal, type JobState } from '../../domain/job.ts';
import { utf8Bytes } from '../../domain/json.ts';

/**
 * Points for Analytics Engine: one for each finished attempt, one for each finished job. The order of columns
 * is a stored contract: queries name `double2`, never "cost". Append; never reorder; raise VERSION when a
 * meaning changes.
 *
 * index1   project
 * blob1    kind: `attempt` | `job`      blob2  schema version       blob3  pipeline
 * blob4    pipeline version             blob5  job id               blob6  status or outcome
 * blob7    failure class or reason      blob8  step                 blob9  provider
 * blob10   model                        blob11 returned model
 * double1  latency in ms                double2 cost in nano-dollars (0 when unknown)
 * double3  1 when the cost is unknown   double4 input tokens        double5 output tokens
 * double6  attempt number               double7 queue wait in ms (jobs)
 * double8  ms to the first token of a streamed text (attempts; 0 when not streamed)
 * double9  1 when the result of an identical call was taken over (attempts)
 * double10 what that call cost in nano-dollars (0 when unknown)
 */
const VERSION = '1';

const BLOBS_MAX = 20;
const BLOB_BYTES_MAX = 16 * 1024;
const INDEX_BYTES_MAX = 96;

export type Point = {
  readonly indexes: [string];
  readonly blobs: string[];
  readonly doubles: number[];
};

/** A commit: the job before it (null for a new one) and after it, and its events. */
export type Change = {
  readonly before: JobState | null;
  readonly state: JobState;
  readonly events: readonly JobEvent[];
};

/** The points of a commit. */
export function pointsOf(change: Change): Point[] {
  return change.events.flatMap((event) => {
    const point = attemptPoint(change, event) ?? jobPoint(change.state, event);
    return point === null ? [] : [clamp(point)];
  });
}

function attemptPoint(change: Change, event: JobEvent): Point | null {
  switch (event.type) {
    case 'attempt.succeeded':
      return attemptWith(change, event, 'succeeded', '', event.data.facts);
    case 'attempt.failed':
      return attemptWith(change, event, 'failed', event.data.failure.class, event.data.facts);
    case 'attempt.lost':
      return attemptWith(change, event, 'lost', 'lost', null);
    case 'attempt.superseded':
      return attemptWith(change, event, 'superseded', '', null);
    default:
      return null;
  }
}

function attemptWith(
  change: Change,
  event: JobEvent,
  outcome: string,
  failureClass: string,
  facts: AttemptFacts | null,
): Point {
  const { step = '', attempt = 0 } = event;
  const { provider, model } = targetOf(change.before, event);
  const subject = [step, provider, model, facts?.returnedModel ?? ''];
  return {
    ...base(change.state, 'attempt', outcome, failureClass, subject),
    doubles: [
      facts?.latencyMs ?? 0,
      ...money(facts),
      ...tokens(facts),
      attempt,
      0,
      facts?.timeToFirstTokenMs ?? 0,
      ...takenOver(facts),
    ],
  };
}

/** What the attempt called; empty for a step that calls no model. */
function targetOf(before: JobState | null, { step, item, attempt }: JobEvent): Target {
  const key = attemptKey(step ?? '', item ?? null, attempt ?? 0);
  return before?.active[key]?.target ?? { provider: '', model: '' };
}

function money(facts: AttemptFacts | null): [number, number] {
  const cost = facts?.costNanoUsd ?? null;
  return [cost ?? 0, cost === null ? 1 : 0];
}

/** Whether the result was taken over, and what that saved. */
function takenOver(facts: AttemptFacts | null): [number, number] {
  return [facts?.cacheHit === true ? 1 : 0, facts?.savedNanoUsd ?? 0];
}

function tokens(facts: AttemptFacts | null): [number, number] {
  const usage = facts?.usage ?? {};
  const input =
    (usage.inputTokens ?? 0) + (usage.cacheReadTokens ?? 0) + (usage.cacheWriteTokens ?? 0);
  return [input, (usage.outputTokens ?? 0) + (usage.reasoningTokens ?? 0)];
}

function jobPoint(state: JobState, event: JobEvent): Point | null {
  const { birth, startedAtMs, cost } = state;
  const ended =
    event.type.startsWith('job.') && isTerminal(state.status) && state.finishedAtMs === event.atMs;
  if (!ended || event.seq !== state.seq) return null;
  return {
    ...base(state, 'job', state.status, state.reason?.code ?? '', ['', '', '', '']),
    doubles: [
      event.atMs - birth.createdAtMs,
      cost.nanoUsd,
      cost.unpricedAttempts > 0 ? 1 : 0,
      0,
      0,
      0,
      (startedAtMs ?? event.atMs) - birth.createdAtMs,
    ],
  };
}

function base(
  { birth }: JobState,
  kind: 'attempt' | 'job',
  outcome: string,
  reason: string,
  subject: readonly string[],
): Omit<Point, 'doubles'> {
  return {
    indexes: [birth.project],
    blobs: [
      kind,
      VERSION,
      birth.pipeline,
      String(birth.version),
      birth.id,
      outcome,
      reason,
      ...subject,
    ],
  };
}

/** Keeps a point inside what the platform accepts; the local runtime would accept anything. */
function clamp({ indexes, blobs, doubles }: Point): Point {
  let room = BLOB_BYTES_MAX;
  const kept = blobs.slice(0, BLOBS_MAX).map((blob) => {
    const fits = clip(blob, room);
    room -= utf8Bytes(fits);
    return fits;
  });
  return {
    indexes: [clip(indexes[0], INDEX_BYTES_MAX)],
    blobs: kept,
    doubles: doubles.slice(0, BLOBS_MAX).map((value) => (Number.isFinite(value) ? value : 0)),
  };
}

/** The longest beginning of a text that takes at most `bytesMax` bytes. */
function clip(text: string, bytesMax: number): string {
  let clipped = text.slice(0, Math.max(0, bytesMax));
  while (utf8Bytes(clipped) > bytesMax) clipped = clipped.slice(0, -1);
  return clipped;
}
