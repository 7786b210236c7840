import {
  DEFAULTS,
  type Definition,
  type StepDefinition,
} from '../../../domain/definition/definition.ts';
import { durationMs, parseDurationMs } from '../../../domain/duration.ts';
import type { Violation } from '../../../domain/job/failure.ts';
import { jsonPointer } from '../../../domain/json.ts';

/**
 * Times that cannot all hold. What contradicts a time that the definition sets is a mistake; what contradicts one
 * that holds only because the definition is silent is a warning, since a job may be submitted with another one.
 */
export type Contradictions = {
  readonly violations: readonly Violation[];
  readonly warnings: readonly Violation[];
};

export function contradictions(definition: Definition): Contradictions {
  const found = [...jobTimes(definition), ...definition.steps.flatMap(stepTimes(definition))];
  return {
    violations: [
      ...found.filter(({ silent }) => !silent).map(({ violation }) => violation),
      ...definition.steps.flatMap(retryBounds),
    ],
    warnings: [
      ...found.filter(({ silent }) => silent).map(({ violation }) => violation),
      ...retentionOrder(definition),
    ],
  };
}

type Found = {
  /** True when the shorter time is not written in the definition. */
  readonly silent: boolean;
  readonly violation: Violation;
};

/** A time as it stands somewhere; `text` is null where nothing is written and `absentMs` holds. */
type Time = {
  readonly path: readonly PropertyKey[];
  readonly name: string;
  readonly text: string | undefined;
  readonly absentMs?: number;
};

/** The longer time does not fit into the shorter one. */
function mustFit(inner: Time, outer: Time): Found[] {
  const [innerMs, outerMs] = [msOf(inner), msOf(outer)];
  if (inner.text === undefined || innerMs === null || outerMs === null) return [];
  if (innerMs <= outerMs) return [];
  const limit = outer.text ?? `${outerMs / 60_000}m unless it is set`;
  const message = `${inner.text} is longer than ${outer.name} (${limit}), which ends it first; shorten this, or set ${outer.name} to ${inner.text} or more`;
  const pointer = jsonPointer(inner.path);
  return [
    { silent: outer.text === undefined, violation: { pointer, code: 'contradiction', message } },
  ];
}

function msOf({ text, absentMs }: Time): number | null {
  return durationMs(text, absentMs ?? null);
}

function jobTime({ timeouts }: Definition): Time {
  const path = ['timeouts', 'job'];
  const absentMs = DEFAULTS.jobTimeoutMs;
  return { path, name: 'the pipeline’s `timeouts.job`', text: timeouts?.job, absentMs };
}

function jobTimes(definition: Definition): Found[] {
  const text = definition.timeouts?.queue;
  const queue = { path: ['timeouts', 'queue'], name: '`timeouts.queue`', text };
  return mustFit(queue, jobTime(definition));
}

function stepTimes(definition: Definition): (step: StepDefinition, index: number) => Found[] {
  return (step, index) => {
    const at = ['steps', index, 'timeouts'];
    const { attempt, step: whole } = step.timeouts ?? {};
    const attemptTime = { path: [...at, 'attempt'], name: '`timeouts.attempt`', text: attempt };
    const stepTime = { path: [...at, 'step'], name: '`timeouts.step`', text: whole };
    const waitTime = waitOf(step, index);
    const limits = [stepTime, jobTime(definition)];
    return [
      ...mustFit(stepTime, jobTime(definition)),
      ...firstOf(limits, (limit) => mustFit(attemptTime, limit)),
      ...(waitTime === null ? [] : firstOf(limits, (limit) => mustFit(waitTime, limit))),
    ];
  };
}

/** One contradiction is enough: the nearest limit tells it. */
function firstOf(limits: readonly Time[], check: (limit: Time) => Found[]): Found[] {
  return limits.map(check).find((found) => found.length > 0) ?? [];
}

/** How long a `wait` waits, when that is written and not computed. */
function waitOf({ uses, with: input }: StepDefinition, index: number): Time | null {
  const text = uses === 'wait' ? input?.['duration'] : undefined;
  if (typeof text !== 'string' || parseDurationMs(text) === null) return null;
  return { path: ['steps', index, 'with', 'duration'], name: '`with.duration`', text };
}

function retryBounds({ retry }: StepDefinition, index: number): Violation[] {
  const baseMs = durationMs(retry?.base_delay, DEFAULTS.retryBaseDelayMs);
  const maxMs = durationMs(retry?.max_delay, DEFAULTS.retryMaxDelayMs);
  if (baseMs <= maxMs) return [];
  const base = retry?.base_delay ?? `${DEFAULTS.retryBaseDelayMs / 1_000}s unless it is set`;
  const max = retry?.max_delay ?? `${DEFAULTS.retryMaxDelayMs / 1_000}s unless it is set`;
  const field = retry?.base_delay === undefined ? 'max_delay' : 'base_delay';
  const message = `\`base_delay\` (${base}) is longer than \`max_delay\` (${max}), which no pause exceeds; make \`base_delay\` shorter or \`max_delay\` longer`;
  return [
    { pointer: jsonPointer(['steps', index, 'retry', field]), code: 'contradiction', message },
  ];
}

function retentionOrder({ retention }: Definition): Violation[] {
  const payloadsMs = durationMs(retention?.payloads, DEFAULTS.retentionPayloadsMs);
  const historyMs = durationMs(retention?.history, DEFAULTS.retentionHistoryMs);
  if (historyMs >= payloadsMs) return [];
  const field = retention?.history === undefined ? 'payloads' : 'history';
  const message =
    'the history is to go before the payloads; it stays as long as they do. Set `retention.history` to that time or more';
  return [{ pointer: jsonPointer(['retention', field]), code: 'contradiction', message }];
}
