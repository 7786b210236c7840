import type { Actor } from '../../domain/access.ts';
import type { Feedback, FeedbackGroup, FeedbackSum } from '../../domain/feedback.ts';
import { parsePipelineReference } from '../../domain/definition/pipeline-reference.ts';
import { DURATION_HELP, parseDurationMs } from '../../domain/duration.ts';
import { isoTime } from '../../domain/wire.ts';
import { missingScope } from '../access/require-scope.ts';
import { homeOf, noSuchJob } from '../jobs/get-job.ts';
import type { FeedbackStore } from '../ports/feedback.ts';
import type { JobShards } from '../ports/job-shard/job-shard.ts';
import type { Machine } from '../ports/runtime.ts';
import { done, refuseAt, type Result } from '../result.ts';

type Deps = { readonly feedback: FeedbackStore; readonly machine: Machine };

const DAY_MS = 86_400_000;
const WINDOW_DEFAULT_MS = 30 * DAY_MS;
const WINDOW_MAX_MS = 366 * DAY_MS;
const GROUPS_MAX = 100;

/** What was said of a job, the oldest first. */
export async function listFeedback(
  { feedback, machine, shards }: Deps & { readonly shards: JobShards },
  actor: Actor,
  jobId: string,
): Promise<Result<readonly Feedback[]>> {
  const refused = missingScope(actor, 'feedback:read');
  if (refused !== null) return refused;
  const home = homeOf(shards, actor, jobId);
  if (!home.ok) return home;
  const { id, shard } = home.value;
  const found = await feedback.list(actor.project, id, machine.nowMs());
  if (found.length > 0) return done(found);
  // Whether nothing was said, or there is no such job, only its home knows.
  const events = await shard.events({ jobId: id, afterSeq: 0, limit: 1 });
  return events === null ? noSuchJob(jobId) : done(found);
}

export type SumInput = {
  readonly groupBy: FeedbackGroup;
  /** `name`, or `name@3`; null for all. */
  readonly pipeline: string | null;
  /** ISO 8601. */
  readonly from: string | null;
  readonly to: string | null;
  /** A duration that ends at `to`, instead of `from`. */
  readonly window: string | null;
};

export type SummedFeedback = {
  readonly sums: readonly FeedbackSum[];
  readonly fromMs: number;
  readonly toMs: number;
  /** True when there are more groups than are shown. */
  readonly hasMore: boolean;
};

/** What was said in a span of time, counted. */
export async function sumFeedback(
  { feedback, machine }: Deps,
  actor: Actor,
  { groupBy, pipeline, ...asked }: SumInput,
): Promise<Result<SummedFeedback>> {
  const refused = missingScope(actor, 'feedback:read');
  if (refused !== null) return refused;
  const window = windowOf(asked, machine.nowMs());
  if (!window.ok) return window;
  const query = { groupBy, ...pipelineOf(pipeline), ...window.value };
  const sums = await feedback.sum(actor.project, query, GROUPS_MAX + 1);
  const shown = sums.slice(0, GROUPS_MAX);
  return done({ ...window.value, sums: shown, hasMore: sums.length > GROUPS_MAX });
}

type Window = { readonly fromMs: number; readonly toMs: number };

function windowOf(
  { from, to, window }: Omit<SumInput, 'groupBy' | 'pipeline'>,
  nowMs: number,
): Result<Window> {
  const toMs = to === null ? nowMs : Date.parse(to);
  if (from !== null && window !== null) {
    return refuseAt('invalid_request', '/query/window', 'give either `from` or `window`, not both');
  }
  const lengthMs = window === null ? WINDOW_DEFAULT_MS : parseDurationMs(window);
  if (lengthMs === null || lengthMs <= 0) {
    return refuseAt('invalid_request', '/query/window', `must be ${DURATION_HELP}`);
  }
  return bounded({ fromMs: from === null ? toMs - lengthMs : Date.parse(from), toMs });
}

function bounded({ fromMs, toMs }: Window): Result<Window> {
  if (fromMs >= toMs) {
    const message = `must be earlier than \`to\`, which is ${isoTime(toMs)}`;
    return refuseAt('invalid_request', '/query/from', message);
  }
  if (toMs - fromMs <= WINDOW_MAX_MS) return done({ fromMs, toMs });
  const message = `is more than ${WINDOW_MAX_MS / DAY_MS} days before \`to\`; ask for a shorter time`;
  return refuseAt('invalid_request', '/query/from', message);
}

function pipelineOf(reference: string | null) {
  if (reference === null) return { pipeline: null, version: null };
  const { name, version } = parsePipelineReference(reference);
  return { pipeline: name, version };
}
