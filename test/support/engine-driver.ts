import type { z } from 'zod';

import { attemptKey, type ActiveAttempt, type AttemptFacts } from '../../src/domain/job/attempt.ts';
import { definitionSchema, type Definition } from '../../src/domain/definition/definition.ts';
import type { EventType, JobEvent } from '../../src/domain/job/event.ts';
import type { BudgetRefusal } from '../../src/domain/budget.ts';
import type { Failure, FailureClass } from '../../src/domain/job/failure.ts';
import { isJobId, projectId, type JobId } from '../../src/domain/ids.ts';
import type {
  ItemState,
  JobBirth,
  JobState,
  JobStatus,
  StepPhase,
} from '../../src/domain/job/job.ts';
import { jsonBytes, type Json } from '../../src/domain/json.ts';
import type { StoredValue } from '../../src/domain/job/stored-value.ts';
import type { ClaimInput, Claimed } from '../../src/engine/attempts/claim.ts';
import { createJob, decide, type Decision, type Input } from '../../src/engine/decide.ts';
import { nextDueAtMs } from '../../src/engine/due.ts';
import { parsePlainPath, valueAt, type Path } from '../../src/engine/expression/path.ts';
import { isRecoverable } from '../../src/engine/attempts/late.ts';
import { makePlan, type Plan } from '../../src/engine/plan/plan.ts';
import type {
  DeclinedCall,
  PendingWork,
  Settled,
  Settlement,
} from '../../src/engine/attempts/settlement.ts';
import {
  CONTROL_VALUE_BYTES_MAX,
  type ControlValue,
  type TargetView,
  type World,
} from '../../src/engine/world.ts';
import { controlValues } from '../../src/services/values/control-values.ts';

export type DefinitionBody = Omit<z.input<typeof definitionSchema>, 'name'>;
export type StepBody = DefinitionBody['steps'][number];

/** A definition as it comes out of the door: parsed, under a name that says nothing. */
export function definitionOf(body: DefinitionBody): Definition {
  return definitionSchema.parse({ name: 'under-test', ...body });
}

/** The plan of a definition that has to have one. */
export function planOf(body: DefinitionBody): Plan {
  const result = makePlan(definitionOf(body));
  if (!result.ok) throw new Error(JSON.stringify(result.violations));
  return result.plan;
}

export const EPOCH_MS = 1_700_000_000_000;

export type ProviderView = Pick<
  Extract<TargetView, { usable: true }>,
  'ticketSteps' | 'reconciles' | 'latencyP95Ms'
>;
type TicketReport = Pick<Settlement, 'reconciled'>;
export type Refusal = {
  readonly reason?: DeclinedCall['reason'];
  readonly refusal?: BudgetRefusal;
  readonly because?: FailureClass;
  readonly inMs?: number;
};

export type EngineOptions = {
  readonly input?: Json;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Why a provider cannot serve now. The test may change it while the job runs. */
  readonly unusable?: Map<string, string>;
  readonly views?: Map<string, ProviderView>;
  /** The lots drawn, in turn; the last one stays. */
  readonly random?: readonly number[];
  /** How much later than its birth the job reaches the engine. */
  readonly lateMs?: number;
  readonly first?: ClaimInput;
};

const JOB_ID = jobId('job_0190000000007000800000000000000007');

function jobId(text: string): JobId {
  if (!isJobId(text)) throw new RangeError(text);
  return text;
}

/** A claim that takes all there is. */
export const EVERYTHING: ClaimInput = {
  capacity: { calls: 10_000, local: 10_000 },
  untilMs: Number.MAX_SAFE_INTEGER,
};

export type Report = Pick<Settlement, 'step' | 'item' | 'attempt'>;
export type Result =
  | { readonly ok: true; readonly output?: Json; readonly costNanoUsd?: number | null }
  | {
      readonly ok: false;
      readonly failure: Failure;
      readonly costNanoUsd?: number | null;
    };

/**
 * A job of the engine with everything around it that the engine asks for, in memory: time, items, and the
 * values that control expressions read. It takes what `decide` returns at its word, as the shard does.
 */
export class EngineDriver {
  readonly plan: Plan;
  readonly birth: JobBirth;
  readonly input: Json;
  readonly unusable: Map<string, string>;
  /** What is known of providers beside that. */
  readonly views: Map<string, ProviderView>;
  readonly #lots: number[];
  nowMs = EPOCH_MS;
  state: JobState;
  readonly events: JobEvent[] = [];
  readonly items = new Map<string, ItemState>();
  readonly outputs = new Map<string, Json>();
  readonly control: Record<string, Json> = {};
  /** Every attempt that was ever handed out, by key. */
  readonly started = new Map<string, ActiveAttempt>();
  lastClaim: Claimed = { keys: [], unfit: false, starved: false, ended: false };

  constructor(definition: DefinitionBody | Plan, options: EngineOptions = {}) {
    this.plan = 'byId' in definition ? definition : planOf(definition);
    this.input = options.input ?? {};
    this.unusable = options.unusable ?? new Map();
    this.views = options.views ?? new Map();
    this.#lots = [...(options.random ?? [0.5])];
    this.birth = birthOf(this.plan, options.metadata ?? {}, this.nowMs);
    const reported = controlValues(this.plan.inputReports, this.input, 1);
    if (!reported.ok) throw new Error(reported.failure.message);
    Object.assign(this.control, reported.values);
    this.nowMs += options.lateMs ?? 0;
    const decision = createJob(this.birth, this.plan, this.#world(), options.first ?? null);
    this.state = decision.state;
    this.#take(decision);
  }

  /** What an input does to the job; the driver keeps it. */
  decide(input: Input): Decision {
    const decision = decide(this.state, this.plan, input, this.#world());
    this.#take(decision);
    return decision;
  }

  /** Claims what can be claimed and gives the keys. */
  claim(input: Partial<ClaimInput> = {}): readonly string[] {
    this.decide({ kind: 'turn', settled: [], claim: { ...EVERYTHING, ...input } });
    return this.lastClaim.keys;
  }

  /** Reports attempts by their keys, in one turn that claims nothing. */
  settle(
    results: Readonly<Record<string, Result>>,
    claim: ClaimInput | null = null,
  ): readonly Settled[] {
    const settled = Object.entries(results).map(([key, result]) => this.settlement(key, result));
    return this.decide({ kind: 'turn', settled, claim }).settled;
  }

  succeed(key: string, output: Json = {}, costNanoUsd: number | null = 0): Settled | undefined {
    return this.settle({ [key]: { ok: true, output, costNanoUsd } })[0];
  }

  fail(
    key: string,
    failure: Partial<Failure>,
    costNanoUsd: number | null = 0,
  ): Settled | undefined {
    return this.settle({ [key]: { ok: false, failure: failureOf(failure), costNanoUsd } })[0];
  }

  /** The runner of an attempt has passed it on to a job of its own. */
  pend(key: string): Settled | undefined {
    const facts = { latencyMs: 1, costNanoUsd: 0 };
    const settled = [
      { ...parseKey(key), facts, outcome: { ok: 'pending' as const, child: JOB_ID } },
    ];
    return this.decide({ kind: 'turn', settled, claim: null }).settled[0];
  }

  /** The runner of an attempt has passed it on to its provider, or found it still at work there. */
  ticket(key: string, work: Partial<PendingWork> & TicketReport = {}): Settled | undefined {
    const { reconciled, ...rest } = work;
    const facts = { latencyMs: 1, costNanoUsd: 0 };
    const outcome: PendingWork = {
      ok: 'pending',
      providerJobId: `provider-${key}`,
      checkInMs: 10_000,
      poll: this.state.active[key]?.ticket?.polls ?? 0,
      ...rest,
    };
    const settled = [
      { ...parseKey(key), facts, outcome, ...(reconciled === undefined ? {} : { reconciled }) },
    ];
    return this.decide({ kind: 'turn', settled, claim: null }).settled[0];
  }

  /** The target's gate has not let an attempt through. */
  decline(
    key: string,
    { reason = 'cooling_down', inMs = 10_000, ...cause }: Refusal = {},
  ): Settled | undefined {
    const facts = { latencyMs: 0, costNanoUsd: 0 };
    const outcome: DeclinedCall = {
      ok: 'declined',
      reason,
      ...cause,
      untilAtMs: this.nowMs + inMs,
    };
    const settled = [{ ...parseKey(key), facts, outcome }];
    return this.decide({ kind: 'turn', settled, claim: null }).settled[0];
  }

  /** The provider calls back about an attempt. */
  callBack(key: string): void {
    this.decide({ kind: 'callback', attempt: key });
  }

  /** The runners of these attempts are gone. */
  lose(...keys: readonly string[]): void {
    const attempts = keys.map((key) => this.started.get(key) ?? neverStarted(key));
    this.decide({ kind: 'lost', attempts });
  }

  cancel(by = 'key_1'): void {
    this.decide({ kind: 'cancel', by });
  }

  pause(by = 'key_1'): void {
    this.decide({ kind: 'pause', by });
  }

  resume(by = 'key_1'): void {
    this.decide({ kind: 'resume', by });
  }

  /** Sends an event to the steps that wait for it. */
  send(name: string, payload: Json, by = 'key_1'): void {
    const waiting = Object.entries(this.state.steps).filter(
      ([, { phase }]) =>
        phase.status === 'waiting' && phase.on.kind === 'event' && phase.on.name === name,
    );
    for (const [step] of waiting) {
      const values = controlValues(this.plan.byId.get(step)?.reports ?? [], payload, 3);
      if (values.ok) Object.assign(this.control, values.values);
      this.outputs.set(outputKey(step, null), payload);
    }
    const outputs = waiting.map(([step]) => [step, storedOutput(step, null, payload)] as const);
    this.decide({ kind: 'event', by, outputs: Object.fromEntries(outputs) });
  }

  /** Lets time pass, and the engine know of it. */
  wait(ms: number): void {
    this.nowMs += ms;
    this.decide({ kind: 'timer' });
  }

  waitUntil(atMs: number): void {
    this.wait(atMs - this.nowMs);
  }

  dueAtMs(): number {
    return nextDueAtMs(this.state, this.plan, this.nowMs);
  }

  settlement(key: string, result: Result): Settlement {
    const { step, item, attempt } = parseKey(key);
    const facts: AttemptFacts = { latencyMs: 5, costNanoUsd: result.costNanoUsd ?? null };
    if (result.costNanoUsd === undefined) Object.assign(facts, { costNanoUsd: 0 });
    if (!result.ok) {
      return { step, item, attempt, facts, outcome: { ok: false, failure: result.failure } };
    }
    const output = result.output ?? {};
    const planned = this.plan.byId.get(step);
    if (this.#mayCount(key) && planned !== undefined) {
      const reads = planned.forEach === null ? planned.reports : [];
      const values = controlValues(reads, output, 3);
      if (!values.ok) {
        return { step, item, attempt, facts, outcome: { ok: false, failure: values.failure } };
      }
      Object.assign(this.control, values.values);
      this.outputs.set(outputKey(step, item), output);
    }
    return {
      step,
      item,
      attempt,
      facts,
      outcome: { ok: true, output: storedOutput(step, item, output) },
    };
  }

  /** A report may be used of an attempt that is open, or whose step is: a late one is kept then. */
  #mayCount(key: string): boolean {
    if (this.state.active[key] !== undefined) return true;
    const which = parseKey(key);
    const item = which.item === null ? undefined : this.item(which.step, which.item);
    return isRecoverable(this.state, which, item);
  }

  get status(): JobStatus {
    return this.state.status;
  }

  get activeKeys(): string[] {
    return Object.keys(this.state.active);
  }

  phase(step: string): StepPhase {
    const state = this.state.steps[step];
    if (state === undefined) throw new Error(`no step ${step}`);
    return state.phase;
  }

  item(step: string, item: number): ItemState | undefined {
    return this.items.get(`${step}[${item}]`);
  }

  /** The events of these types, or all, as `type`, `type step` or `type step[item]#attempt`. */
  told(...types: readonly EventType[]): string[] {
    return this.events
      .filter(({ type }) => types.length === 0 || types.includes(type))
      .map((event) => [event.type, subjectOf(event)].filter((part) => part !== '').join(' '));
  }

  event<Type extends EventType>(type: Type): JobEvent<Type> {
    const [only, ...more] = this.events.filter((event) => event.type === type);
    if (only === undefined || more.length > 0) {
      throw new Error(`not one ${type}: ${this.told().join(', ')}`);
    }
    return only as JobEvent<Type>;
  }

  #take(decision: Decision): void {
    this.state = decision.state;
    this.events.push(...decision.events);
    this.lastClaim = decision.claimed;
    for (const { step, item, state } of decision.items) this.items.set(`${step}[${item}]`, state);
    for (const [key, active] of Object.entries(decision.state.active))
      this.started.set(key, active);
  }

  #world(): World {
    return {
      nowMs: this.nowMs,
      random: () => (this.#lots.length > 1 ? this.#lots.shift() : this.#lots[0]) ?? 0,
      target: ({ provider }): TargetView => {
        const reason = this.unusable.get(provider);
        return reason === undefined
          ? { usable: true, local: provider === 'builtin', ...this.views.get(provider) }
          : { usable: false, reason };
      },
      control: (key, state) => this.#controlValue(key, state),
      item: (step, item) => this.items.get(`${step}[${item}]`),
    };
  }

  #controlValue(key: string, state: JobState): ControlValue {
    const known = this.control[key];
    if (known !== undefined) return { kind: 'value', value: known };
    const length = /^size\((.*)\)$/.exec(key);
    const path = parsePlainPath(length?.[1] ?? key);
    const value = path === null ? undefined : this.#mapValue(path, state);
    if (value === undefined) return { kind: 'absent' };
    if (length !== null) {
      return Array.isArray(value) ? { kind: 'value', value: value.length } : { kind: 'absent' };
    }
    const bytes = jsonBytes(value);
    return bytes > CONTROL_VALUE_BYTES_MAX
      ? { kind: 'too_large', bytes }
      : { kind: 'value', value };
  }

  /** A place in a map's output: the list of its items' outputs. */
  #mapValue(path: Path, state: JobState): Json | undefined {
    const step = String(path[1]);
    const phase = state.steps[step]?.phase;
    if (phase?.status !== 'succeeded' || phase.items === undefined) return undefined;
    const list = Array.from(
      { length: phase.items },
      (_, item) => this.outputs.get(outputKey(step, item)) ?? null,
    );
    return valueAt(list, path.slice(3));
  }
}

function birthOf(plan: Plan, metadata: Readonly<Record<string, string>>, nowMs: number): JobBirth {
  return {
    id: JOB_ID,
    project: projectId('prj_test'),
    pipeline: plan.definition.name,
    version: 1,
    definitionHash: 'hash',
    input: { at: 'row', key: 'input', bytes: 2, sha256: '' },
    metadata,
    tags: [],
    correlation: { requestId: 'req_1', traceId: '0'.repeat(32) },
    createdAtMs: nowMs,
    queueDeadlineAtMs: nowMs + plan.queueTimeoutMs,
    deadlineAtMs: nowMs + plan.jobTimeoutMs,
  };
}

export function failureOf(failure: Partial<Failure>): Failure {
  return { class: 'network', phase: 'unknown', message: 'it failed', ...failure };
}

const KEY = /^([a-z][a-z0-9_]*)(?:\[(\d+)\])?#(\d+)$/;

export function parseKey(key: string): Report {
  const [, step = '', item, attempt] = KEY.exec(key) ?? [];
  if (step === '') throw new RangeError(`not an attempt key: ${key}`);
  return { step, item: item === undefined ? null : Number(item), attempt: Number(attempt) };
}

function neverStarted(key: string): ActiveAttempt {
  const { step, item, attempt } = parseKey(key);
  return {
    step,
    item,
    attempt,
    target: null,
    targetIndex: 0,
    startedAtMs: 0,
    deadlineAtMs: 0,
    local: false,
  };
}

function outputKey(step: string, item: number | null): string {
  return item === null ? `output/${step}` : `output/${step}/${item}`;
}

function storedOutput(step: string, item: number | null, output: Json): StoredValue {
  return { at: 'row', key: outputKey(step, item), bytes: jsonBytes(output), sha256: '' };
}

function subjectOf({ step, item, attempt }: JobEvent): string {
  if (step === undefined) return '';
  return attempt === undefined ? step : attemptKey(step, item ?? null, attempt);
}
