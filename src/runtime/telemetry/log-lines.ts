import type { AttemptFacts } from '../../domain/job/attempt.ts';
import type { JobEvent } from '../../domain/job/event.ts';
import type { Failure } from '../../domain/job/failure.ts';
import type { JobState } from '../../domain/job/job.ts';
import { isoTime } from '../../domain/wire.ts';
import type { LogFields } from '../../services/ports/log-fields.ts';
import type { LogLevel } from '../../services/ports/log.ts';
import { activeOf, endsJob, targetOf, type Change } from './change.ts';

export type LogLine = {
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: LogFields;
};

/** The log lines of a commit, in the order of what happened. `docs/logs.md` has each of them. */
export function linesOf(change: Change): LogLine[] {
  const lines = change.events.flatMap((event) => lineOf(change, event) ?? []);
  return endsJob(change) ? [...lines, jobEnded(change)] : lines;
}

function lineOf(change: Change, event: JobEvent): LogLine | null {
  switch (event.type) {
    case 'job.queued':
      return jobAccepted(change.state);
    case 'attempt.started':
      return about(change, event, 'debug', 'attempt.started', {});
    case 'step.waiting':
      return attemptWaiting(change, event);
    case 'fallback.taken': {
      const { from, to, because } = event.data;
      const fields = { from: nameOf(from), to: nameOf(to), because };
      return about(change, event, 'info', 'fallback.taken', fields);
    }
    case 'cost.adjusted':
      return about(change, event, 'info', 'cost.adjusted', factsFields(event.data.facts));
    case 'step.failed':
      return stepFailed(change, event);
    default:
      return attemptEnded(change, event);
  }
}

function about(
  change: Change,
  event: JobEvent,
  level: LogLevel,
  name: string,
  fields: LogFields,
): LogLine {
  return { level, event: name, fields: { ...subjectOf(change, event), ...fields } };
}

function identityOf({ birth }: JobState): LogFields {
  return {
    request_id: birth.correlation.requestId,
    trace_id: birth.correlation.traceId,
    project: birth.project,
    pipeline: `${birth.pipeline}@${birth.version}`,
    job_id: birth.id,
  };
}

function subjectOf(change: Change, event: JobEvent): LogFields {
  const target = targetOf(change, event) ?? startedTarget(event);
  return {
    ...identityOf(change.state),
    step: event.step ?? null,
    item: event.item ?? null,
    attempt: event.attempt ?? null,
    provider: target?.provider ?? null,
    model: target?.model ?? null,
  };
}

function startedTarget(event: JobEvent) {
  return event.type === 'attempt.started' ? event.data.target : null;
}

function nameOf({ provider, model }: { readonly provider: string; readonly model: string }) {
  return `${provider}/${model}`;
}

function jobAccepted(state: JobState): LogLine {
  const { rerunOf, parent } = state.birth;
  const fields = {
    ...identityOf(state),
    from: rerunOf?.jobId,
    parent: parent?.jobId,
  };
  return { level: 'info', event: 'job.accepted', fields };
}

/** The work goes on at the provider, or in a job of its own. */
function attemptWaiting(change: Change, event: JobEvent<'step.waiting'>): LogLine | null {
  const { data } = event;
  switch (data.kind) {
    case 'retry_backoff':
      return null;
    case 'child':
      return about(change, event, 'info', 'attempt.waiting', { reason: 'child', to: data.jobId });
    case 'provider':
      return about(change, event, 'info', 'attempt.waiting', {
        reason: 'provider',
        provider_job_id: data.providerJobId,
        until: isoTime(data.checkAtMs),
      });
  }
}

/** Calls that left the Worker and everything that failed are worth a line; the rest is for debugging. */
function attemptEnded(change: Change, event: JobEvent): LogLine | null {
  const line = (level: LogLevel, fields: LogFields) =>
    about(change, event, level, 'attempt.ended', fields);
  switch (event.type) {
    case 'attempt.succeeded': {
      const { late, facts } = event.data;
      const fields = { outcome: 'succeeded', late, ...factsFields(facts) };
      return line(isOutgoing(change, event) ? 'info' : 'debug', fields);
    }
    case 'attempt.failed': {
      const { failure, facts } = event.data;
      const why = failureFields(failure);
      return line('warn', {
        outcome: 'failed',
        ...why,
        ...stopOf(event.data),
        ...factsFields(facts),
      });
    }
    case 'attempt.lost':
      return line('warn', { outcome: 'lost', class: 'lost', ...stopOf(event.data) });
    case 'attempt.declined': {
      const { reason, untilAtMs } = event.data;
      return line('info', { outcome: 'declined', reason, until: isoTime(untilAtMs) });
    }
    case 'attempt.superseded':
      return line('info', { outcome: 'superseded' });
    default:
      return null;
  }
}

function isOutgoing(change: Change, event: JobEvent): boolean {
  return targetOf(change, event) !== null && activeOf(change, event)?.local !== true;
}

/** A step that failed by more than the attempt whose end stands beside it: its targets, a condition, a time limit. */
function stepFailed(change: Change, event: JobEvent<'step.failed'>): LogLine | null {
  const { failure, stopped } = event.data;
  const isTold = change.events.some(
    ({ type, step }) =>
      step === event.step && (type === 'attempt.failed' || type === 'attempt.lost'),
  );
  if (isTold) return null;
  const { skipped = [] } = change.state.steps[event.step ?? ''] ?? {};
  const passedOver = [...new Set(skipped.map(({ target }) => nameOf(target)))];
  return about(change, event, 'warn', 'step.failed', {
    ...failureFields(failure),
    stopped,
    target: passedOver.length === 0 ? null : passedOver.join(','),
  });
}

function failureFields({ class: failureClass, phase, code, status }: Failure): LogFields {
  return { class: failureClass, phase, code, http_status: status };
}

/** Why no other attempt follows; nothing when one does. */
function stopOf(data: object): LogFields {
  return 'stopped' in data && typeof data.stopped === 'string' ? { stopped: data.stopped } : {};
}

function factsFields({ usage, ...facts }: AttemptFacts): LogFields {
  const { cacheHit } = facts;
  return {
    latency_ms: facts.latencyMs,
    cost_nano_usd: facts.costNanoUsd,
    returned_model: facts.returnedModel,
    input_tokens: usage?.inputTokens,
    output_tokens: usage?.outputTokens,
    first_token_ms: facts.timeToFirstTokenMs,
    cached: cacheHit,
    saved_nano_usd: facts.savedNanoUsd,
  };
}

const GOOD_ENDS: ReadonlySet<string> = new Set(['succeeded', 'partially_succeeded', 'cancelled']);

/** A job that did not come to a good end is in every log, whatever is sampled. */
function jobEnded({ state, events }: Change): LogLine {
  const { birth, status, startedAtMs, finishedAtMs, cost } = state;
  const endMs = finishedAtMs ?? birth.createdAtMs;
  const fields = {
    ...identityOf(state),
    status,
    reason: state.reason?.code ?? null,
    step: events.flatMap((event) => (event.type === 'job.failed' ? [event.data.step] : []))[0],
    latency_ms: endMs - birth.createdAtMs,
    queue_ms: (startedAtMs ?? endMs) - birth.createdAtMs,
    events: state.seq,
    cost_nano_usd: cost.nanoUsd,
    unpriced_attempts: cost.unpricedAttempts,
  };
  return { level: GOOD_ENDS.has(status) ? 'info' : 'warn', event: 'job.ended', fields };
}
