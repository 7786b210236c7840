import type { Context, MiddlewareHandler } from 'hono';
import { accepts } from 'hono/accepts';
import { z } from 'zod';

import type { Submitted } from '../../services/jobs/create-job.ts';
import { followJob } from '../../services/live/follow-job.ts';
import { followNewJob } from '../../services/live/follow-new-job.ts';
import { openJobStream, type ResumePoint } from '../../services/live/open-job-stream.ts';
import type { AppEnv } from '../deps.ts';
import { failureResponse } from '../failure-response.ts';
import { eventStream } from './event-stream.ts';

const EVENT_STREAM = 'text/event-stream';

/** A stream as the document shows it. */
export const streamContent = {
  [EVENT_STREAM]: { schema: z.string().meta({ description: 'Server-sent events' }) },
} as const;

/** A JSON answer that may come as a stream instead. */
export function orStreamed<Answer extends { readonly content: object }>(answer: Answer) {
  return { ...answer, content: { ...answer.content, ...streamContent } };
}

/** True when the client would rather have events as they happen than a JSON answer. */
export function wantsStream(c: Context<AppEnv>): boolean {
  const supports = ['application/json', EVENT_STREAM];
  return accepts(c, { header: 'Accept', supports, default: 'application/json' }) === EVENT_STREAM;
}

/** Answers a request for a job's events as they happen; every other one goes on to the list. */
export const streamedHistory: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (!wantsStream(c)) return next();
  const { deps } = c.env;
  const opened = await openJobStream(deps, c.var.actor, c.req.param('job_id') ?? '', resumeOf(c));
  if (!opened.ok) return failureResponse(c, opened.failure);
  const from = opened.value;
  // By the standard's own words this keeps an EventSource from coming again.
  if (from === null) return c.body(null, 204);
  return eventStream(c, { job_id: from.jobId }, (outlet) => followJob(deps, from, outlet));
};

/** A resumed request has the same address as the first one, so its header counts for more. */
function resumeOf(c: Context<AppEnv>): ResumePoint | null {
  const header = c.req.header('last-event-id') ?? '';
  if (header !== '') return { text: header, pointer: '/headers/last-event-id' };
  const after = c.req.query('after');
  return after === undefined ? null : { text: after, pointer: '/query/after' };
}

/** Answers a submit with its job's events while this request runs the job. */
export function streamNewJob(c: Context<AppEnv>, submitted: Submitted, untilMs: number): Response {
  const { deps, background } = c.env;
  const { id } = submitted.snapshot.state.birth;
  c.header('location', `/v1/jobs/${id}`);
  if (submitted.kind === 'replayed') c.header('idempotency-replayed', 'true');
  return eventStream(c, { job_id: id }, (outlet) =>
    followNewJob({ ...deps, background }, c.var.actor, submitted, untilMs, outlet),
  );
}
