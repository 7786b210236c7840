import { attemptKey } from '../../../domain/job/attempt.ts';
import type { DeltaAnswer, DeltaRequest } from '../../../services/ports/live.ts';
import type { ShardContext } from '../context.ts';
import { isSeen, noteSeen } from '../work/leases.ts';
import { loadState } from '../tables/jobs.ts';
import { frameText, isHeard, tellListeners } from './tell.ts';

/**
 * Passes a piece of an attempt's text on to those who listen to its job. Nothing is stored. Once the attempt has ended
 * nothing more of it is told, so that no piece follows the event of its end.
 */
export function tellDelta(context: ShardContext, request: DeltaRequest): DeltaAnswer {
  const { jobId, step, item, attempt, index, text } = request;
  if (!isHeard(context)) return { listening: false };
  const listeners = context.ports.listeners.ofJob(jobId);
  if (listeners.length === 0 || !isOpen(context, request)) return { listening: false };
  tellListeners(context);
  const which = { step, ...(item === null ? {} : { item }), attempt };
  const frame = frameText({ kind: 'delta', delta: { job_id: jobId, ...which, index, text } });
  if (text !== '') for (const listener of listeners) listener.send(frame);
  return { listening: true };
}

/** Leases say which attempts are open; one that this object has not heard of since its start is looked up once. */
function isOpen(context: ShardContext, { jobId, step, item, attempt }: DeltaRequest): boolean {
  const key = attemptKey(step, item, attempt);
  if (isSeen(context, jobId, key)) return true;
  const open = loadState(context.ports.sql, jobId)?.active[key] !== undefined;
  if (open) noteSeen(context, jobId, key);
  return open;
}
