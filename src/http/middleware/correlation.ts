import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { routePath } from 'hono/route';

import type { Actor } from '../../domain/access.ts';
import { isJobId, type JobId } from '../../domain/ids.ts';
import type { Correlation } from '../../domain/job/job.ts';
import type { LogLevel } from '../../services/ports/log.ts';
import type { ServiceFailureCode } from '../../services/result.ts';
import type { AppEnv } from '../deps.ts';

const REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/;
/** W3C trace context, version 00: trace id, parent span, flags. */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
/** Of a version after it: the same, and perhaps more. There is no version `ff`. */
const LATER_TRACEPARENT =
  /^(?!00|ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);
/** The flag of a trace that its caller records. */
const SAMPLED = 1;

/**
 * Gives every request an id and a trace: the caller's where it sent them, else new ones. Both go back with the
 * answer, into every event and log line, and on to every provider.
 */
export const correlation = createMiddleware<AppEnv>(async (c, next) => {
  const { machine } = c.env.deps;
  const startedAtMs = machine.nowMs();
  const requestId = requestIdOf(c);
  const trace = traceOf(c);
  const { traceId } = trace;
  c.set('correlation', { requestId, ...trace });
  await next();
  c.header('x-request-id', requestId);
  const flags = trace.sampled === false ? '00' : '01';
  c.header('traceparent', `00-${traceId}-${hex(c).slice(-16)}-${flags}`);
  logRequest(c, machine.nowMs() - startedAtMs);
});

function requestIdOf(c: Context<AppEnv>): string {
  const given = c.req.header('x-request-id') ?? '';
  return REQUEST_ID.test(given) ? given : `req_${c.env.deps.machine.newUuid()}`;
}

function traceOf(c: Context<AppEnv>): Omit<Correlation, 'requestId'> {
  const given = c.req.header('traceparent') ?? '';
  const parts = TRACEPARENT.exec(given) ?? LATER_TRACEPARENT.exec(given) ?? [];
  const [, traceId = NO_TRACE, parentSpanId = NO_SPAN, flags = ''] = parts;
  if (traceId === NO_TRACE || parentSpanId === NO_SPAN) return { traceId: hex(c) };
  const isSampled = (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED;
  return { traceId, parentSpanId, ...(isSampled ? {} : { sampled: false }) };
}

/** 32 fresh hexadecimal digits. */
function hex(c: Context<AppEnv>): string {
  return c.env.deps.machine.newUuid().replaceAll('-', '');
}

/** The job that a request made, or that its path names. */
function jobOf(c: Context<AppEnv>): JobId | undefined {
  // Unset on routes that make no job.
  const made: JobId | undefined = c.get('jobId');
  const named = /^\/v1\/jobs\/([^/]+)/.exec(c.req.path)?.[1] ?? '';
  return made ?? (isJobId(named) ? named : undefined);
}

/** What probes ask all day. */
const PROBED: ReadonlySet<string> = new Set(['/healthz', '/metrics']);

function levelOf(status: number, route: string): LogLevel {
  if (status >= 500) return 'warn';
  return PROBED.has(route) ? 'debug' : 'info';
}

/** One line a request: the route's pattern, never what stands in it but the id of a job. */
function logRequest(c: Context<AppEnv>, latencyMs: number): void {
  const { requestId, traceId } = c.var.correlation;
  // Unset on routes that need no key.
  const actor: Actor | undefined = c.get('actor');
  const jobId = jobOf(c);
  // Unset unless the request was refused.
  const code: ServiceFailureCode | undefined = c.get('failureCode');
  const route = routePath(c, -1);
  c.env.deps.log(levelOf(c.res.status, route), 'http.request', {
    request_id: requestId,
    trace_id: traceId,
    method: c.req.method,
    route,
    status: c.res.status,
    code,
    latency_ms: latencyMs,
    project: actor?.project ?? null,
    actor: actor?.id ?? null,
    job_id: jobId,
  });
}
