import type { Context } from 'hono';
import type { z } from 'zod';

import { isTerminal } from '../../../domain/job/job.ts';
import type { CreateOptions, Submitted } from '../../../services/jobs/create-job.ts';
import type { JobSnapshot } from '../../../services/ports/job-shard/snapshot.ts';
import type { Result } from '../../../services/result.ts';
import { AFTER_WAIT_MS, INLINE_CAPACITY, runInline } from '../../../services/jobs/run-inline.ts';
import { jobView } from '../../../services/views/jobs/job-view.ts';
import type { AppEnv } from '../../deps.ts';
import { failureResponse } from '../../failure-response.ts';
import { streamNewJob, wantsStream } from '../../live/job-streams.ts';
import { waitMsOf, WAIT_MS_MAX, type submitHeaders } from './job-requests.ts';

/**
 * Has a job created as the request's headers ask, and answers for it: 202 at once, 200 when the request itself has
 * seen its end or the job was there already, or a stream of what happens until its end.
 */
export async function answerNewJob(
  c: Context<AppEnv>,
  headers: z.output<typeof submitHeaders>,
  submit: (options: Omit<CreateOptions, 'timeouts'>) => Promise<Result<Submitted>>,
) {
  const { deps, background } = c.env;
  const streams = wantsStream(c);
  const waitMs = streams ? WAIT_MS_MAX : waitMsOf(headers.prefer);
  const waitUntilMs = deps.machine.nowMs() + waitMs;
  const turn = {
    requestId: deps.machine.newUuid(),
    capacity: INLINE_CAPACITY,
    untilMs: waitUntilMs + AFTER_WAIT_MS,
    measures: deps.gates.measures(),
  };
  const submitted = await submit({
    idempotencyKey: headers['idempotency-key'] ?? null,
    cancelAfter: headers['cancel-after'] ?? null,
    cache: headers['penstock-cache'],
    correlation: c.var.correlation,
    turn: waitMs > 0 ? turn : null,
    stream: streams,
  });
  if (!submitted.ok) return failureResponse(c, submitted.failure);
  c.set('jobId', submitted.value.snapshot.state.birth.id);
  if (streams) return streamNewJob(c, submitted.value, waitUntilMs);
  const snapshot =
    waitMs > 0
      ? await runInline({ ...deps, background }, c.var.actor, submitted.value, waitUntilMs)
      : submitted.value.snapshot;
  return answer(c, submitted.value, snapshot, waitMs);
}

async function answer(
  c: Context<AppEnv>,
  { kind }: Submitted,
  snapshot: JobSnapshot,
  waitMs: number,
) {
  const view = await jobView(c.env.deps.objects, snapshot);
  c.header('location', view.urls.self);
  if (waitMs > 0) c.header('preference-applied', `wait=${waitMs / 1_000}`);
  if (kind === 'replayed') c.header('idempotency-replayed', 'true');
  const finished = waitMs > 0 && isTerminal(snapshot.state.status);
  return kind === 'replayed' || finished ? c.json(view, 200) : c.json(view, 202);
}
