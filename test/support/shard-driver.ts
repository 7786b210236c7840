import { createHash } from 'node:crypto';

import type { AttemptFacts, Target } from '../../src/domain/job/attempt.ts';
import { canonicalJson } from '../../src/domain/canonical.ts';
import type { Definition } from '../../src/domain/definition/definition.ts';
import type { JobEvent } from '../../src/domain/job/event.ts';
import type { Failure } from '../../src/domain/job/failure.ts';
import { jobIdOf, projectId, type JobId } from '../../src/domain/ids.ts';
import { isTerminal, type JobBirth, type JobState } from '../../src/domain/job/job.ts';
import { isJsonObject, utf8Bytes, type Json } from '../../src/domain/json.ts';
import { makePlan, type Plan } from '../../src/engine/plan/plan.ts';
import type { TargetView } from '../../src/engine/world.ts';
import type { ShardPorts } from '../../src/runtime/job-shard/context.ts';
import { ShardOfJobs } from '../../src/runtime/job-shard/job-shard.ts';
import { asMeasured, makeTargetMeasures } from '../../src/runtime/target-measures.ts';
import type { Change } from '../../src/runtime/telemetry/change.ts';
import type { Traced } from '../../src/runtime/traces/trace-settings.ts';
import {
  historyMessage,
  markOf,
  wakeMessage,
  type HistoryEntry,
  type HistoryMessage,
  type WakeMessage,
} from '../../src/runtime/messages.ts';
import { controlValues } from '../../src/services/values/control-values.ts';
import type { JobShard } from '../../src/services/ports/job-shard/job-shard.ts';
import type { JobSnapshot } from '../../src/services/ports/job-shard/snapshot.ts';
import type {
  NextAnswer,
  NextRequest,
  SettlementReport,
  TicketReport,
  TurnRequest,
} from '../../src/services/ports/job-shard/turn.ts';
import type { PayloadOnTheWay } from '../../src/services/ports/job-shard/payload.ts';
import type { SubmitAnswer, SubmitRequest } from '../../src/services/ports/job-shard/submit.ts';
import type { WorkItem } from '../../src/services/ports/job-shard/work-item.ts';
import type { Flow } from '../../src/services/ports/flow.ts';
import type { JobFlow } from '../../src/domain/job/flow.ts';
import type { Objects } from '../../src/services/ports/values/objects.ts';
import type { Machine } from '../../src/services/ports/runtime.ts';
import {
  definitionOf,
  EPOCH_MS,
  failureOf,
  parseKey,
  type DefinitionBody,
  type ProviderView,
} from './engine-driver.ts';
import { FakeListeners } from './fake-listeners.ts';
import { NodeSqlite } from './node-sqlite.ts';

export const PROJECT = projectId('prj_test');
const SHARD = 7;
const WINDOW_MS = 200;
/** By then a shard that has just sent history has sent the next. */
const SETTLED_MS = 1_000;
/** What a queue takes at most, in bytes. */
const QUEUE_MESSAGE_BYTES_MAX = 128_000;
/** An alarm that fires more often than this at one moment would never stop. */
const FIRINGS_AT_ONCE_MAX = 20;

export type SubmitOptions = {
  readonly input?: Json;
  readonly key?: string;
  /** What was sent under the key, when it is not this. */
  readonly bodyHash?: string;
  readonly turn?: Partial<TurnRequest>;
  readonly jobId?: JobId;
  readonly metadata?: Readonly<Record<string, string>>;
  /** The limits that the job is born under. */
  readonly flow?: JobFlow;
};

type Neighbour = { readonly alarmAtMs: number | null; fireAlarm(): Promise<void> };

type Timer = { readonly atMs: number; readonly resolve: () => void };

/** What D1 holds of a job. */
export type Recorded = {
  job: HistoryEntry['job'];
  readonly events: Map<number, Json>;
  readonly calls: Map<string, HistoryEntry['calls'][number]>;
};

/**
 * A shard of jobs on Node's SQLite, with a scripted world around it: the clock moves when a test says so, the
 * alarm fires when its moment comes, sends are caught and may fail, and the object may be restarted at any
 * moment on what it has stored.
 */
export class ShardDriver {
  readonly db = new NodeSqlite();
  nowMs = EPOCH_MS;
  shard: ShardOfJobs;
  alarmAtMs: number | null = null;
  /** How often the platform was told of a new alarm, and how often it fired. */
  alarmsSet = 0;
  alarmsFired = 0;
  wakes: WakeMessage[] = [];
  history: HistoryMessage[] = [];
  /** How many of the next sends fail. */
  readonly failing = { wakes: 0, history: 0, objects: 0 };
  readonly objects = new Map<string, string>();
  readonly listeners = new FakeListeners();
  /** Runs while the shard waits for R2 to delete a job's objects. */
  whileDeleting: () => void = () => {};
  /** The project's flow control. */
  exchange: Flow['exchange'] = () => Promise.reject(new Error('this shard has no flow'));
  /** Another object in the same world, whose alarm fires as time passes. */
  neighbour: Neighbour | null = null;
  readonly logs: { readonly level: string; readonly event: string }[] = [];
  readonly measured: Change[] = [];
  /** Whether a request's jobs are traced. */
  traced: Traced = () => false;
  readonly unusable = new Map<string, string>();
  readonly views = new Map<string, ProviderView>();
  readonly #measures = makeTargetMeasures(() => this.nowMs);
  random = 0.5;
  /** True to put the object away whenever it is idle: every alarm finds a new one. */
  coldAlarms = false;
  /** Milliseconds that pass at every look at the clock inside the shard. */
  tickMs = 0;
  readonly recorded = new Map<JobId, Recorded>();
  #epoch = 0;
  #firedForMs: number | null = null;
  #timers: Timer[] = [];
  #ids = 0;
  readonly #plans = new Map<string, Plan>();

  constructor() {
    this.shard = this.#open();
  }

  /** The object is evicted, or its Worker replaced: all that it remembered is gone, at this very moment. */
  restart(): void {
    this.#timers = [];
    this.shard = this.#open();
  }

  #open(): ShardOfJobs {
    this.#epoch += 1;
    const settings = { project: PROJECT, shard: SHARD, historyWindowMs: WINDOW_MS };
    return new ShardOfJobs(this.#ports(this.#epoch), settings, this.alarmAtMs);
  }

  /** The ports of one instance. What a former one still does reaches nobody. */
  #ports(epoch: number): ShardPorts {
    const sql = this.db.port();
    const alive = () => epoch === this.#epoch;
    const whenAlive = async (work: () => void): Promise<void> => {
      if (!alive()) await new Promise(() => {});
      work();
    };
    return {
      sql: {
        ...sql,
        exec: (query, ...bindings) => {
          if (!alive()) throw new Error('this instance is gone');
          return sql.exec(query, ...bindings);
        },
      },
      setAlarm: (atMs) => {
        if (!alive()) return;
        this.alarmsSet += 1;
        // The runtime loses an alarm that is set, while it runs, to the millisecond for which it runs.
        if (atMs !== this.#firedForMs) this.alarmAtMs = atMs;
      },
      sync: () => whenAlive(() => {}),
      sendWakes: (messages) => whenAlive(() => this.#takeWakes(messages)),
      sendHistory: (messages) => whenAlive(() => this.#takeHistory(messages)),
      exchange: async (message) => {
        await whenAlive(() => {});
        const answer = await this.exchange(throughJson(message));
        await whenAlive(() => {});
        return throughJson(answer);
      },
      deleteObjects: async (project, jobId) => {
        await whenAlive(() => this.whileDeleting());
        this.#fail('objects');
        for (const key of this.objects.keys()) {
          if (key.startsWith(`${project}/${jobId}/`)) this.objects.delete(key);
        }
      },
      measure: (change) => void this.measured.push(change),
      traced: (correlation) => this.traced(correlation),
      log: (level, event) => void this.logs.push({ level, event }),
      nowMs: () => {
        this.nowMs += this.tickMs;
        return this.nowMs;
      },
      random: () => this.random,
      target: (target) => asMeasured(this.target(target), this.#measures.of(target)),
      hear: (measures) => this.#measures.hear(measures),
      listeners: this.listeners,
      background: (work) => void work,
      delay: (ms) => this.#delay(ms),
    };
  }

  #delay(ms: number): Promise<void> {
    return new Promise((resolve) => this.#timers.push({ atMs: this.nowMs + ms, resolve }));
  }

  /** The machine of a runner in the same world: its clock is this one's. */
  machine(): Machine {
    return {
      nowMs: () => this.nowMs,
      newUuid: () => this.#newUuid(),
      sha256: async (text) => sha256(text),
      wait: (ms, signal) =>
        new Promise((resolve) => {
          if (signal?.aborted === true) resolve();
          signal?.addEventListener('abort', () => resolve());
          void this.#delay(ms).then(resolve);
        }),
    };
  }

  target({ provider }: Target): TargetView {
    const reason = this.unusable.get(provider);
    if (reason !== undefined) return { usable: false, reason };
    return { usable: true, local: provider === 'builtin', ...this.views.get(provider) };
  }

  #takeWakes(messages: readonly WakeMessage[]): void {
    this.#fail('wakes');
    this.wakes.push(...messages.map((message) => wakeMessage.parse(throughJson(message))));
  }

  #takeHistory(messages: readonly HistoryMessage[]): void {
    this.#fail('history');
    for (const message of messages) {
      const bytes = utf8Bytes(JSON.stringify(message));
      if (bytes > QUEUE_MESSAGE_BYTES_MAX) throw new Error(`the queue would refuse ${bytes} bytes`);
      this.history.push(historyMessage.parse(throughJson(message)));
    }
  }

  #fail(what: keyof ShardDriver['failing']): void {
    if (this.failing[what] <= 0) return;
    this.failing[what] -= 1;
    throw new Error(`${what} cannot be reached`);
  }

  /** Lets what is under way come to rest, without time passing. */
  async quiet(): Promise<void> {
    for (let round = 0; round < 3; round += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Time passes; timers and the alarm fire when their moment comes. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    await this.quiet();
    let firings = { atMs: 0, count: 0 };
    for (;;) {
      const { nextMs, neighbourMs } = this.#nextMoments();
      if (nextMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, nextMs);
      if (this.alarmAtMs !== null && this.alarmAtMs <= this.nowMs) {
        const count = firings.atMs === this.nowMs ? firings.count + 1 : 1;
        firings = { atMs: this.nowMs, count };
        if (count > FIRINGS_AT_ONCE_MAX) throw new Error('the alarm fires over and over');
        await this.fireAlarm();
      } else if (neighbourMs <= this.nowMs) {
        await this.neighbour?.fireAlarm();
      } else {
        this.#ring();
      }
      await this.quiet();
    }
    this.nowMs = untilMs;
  }

  #nextMoments(): { nextMs: number; neighbourMs: number } {
    const neighbourMs = this.neighbour?.alarmAtMs ?? Infinity;
    const timersMs = this.#timers.map(({ atMs }) => atMs);
    return {
      nextMs: Math.min(this.alarmAtMs ?? Infinity, neighbourMs, ...timersMs),
      neighbourMs,
    };
  }

  #ring(): void {
    const due = this.#timers.filter(({ atMs }) => atMs <= this.nowMs);
    this.#timers = this.#timers.filter(({ atMs }) => atMs > this.nowMs);
    for (const { resolve } of due) resolve();
  }

  /** One firing, whether its time has come or not. While it runs, no alarm stands. */
  async fireAlarm(retryCount = 0): Promise<void> {
    if (this.coldAlarms) this.restart();
    const due = this.alarmAtMs !== null && this.alarmAtMs <= this.nowMs;
    this.#firedForMs = due ? this.alarmAtMs : null;
    this.alarmAtMs = null;
    this.alarmsFired += 1;
    try {
      await this.shard.alarm(retryCount);
    } finally {
      this.#firedForMs = null;
    }
  }

  newJobId(): JobId {
    return jobIdOf(this.#newUuid(), SHARD);
  }

  #newUuid(): string {
    this.#ids += 1;
    const time = this.nowMs.toString(16).padStart(12, '0');
    return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${String(this.#ids).padStart(12, '0')}`;
  }

  request(body: DefinitionBody, options: SubmitOptions = {}): SubmitRequest {
    const definition = definitionOf(body);
    const plan = this.#planOf(definition);
    const id = options.jobId ?? this.newJobId();
    const value = options.input ?? {};
    const control = controlValues(plan.inputReports, value, 1);
    if (!control.ok) throw new Error(control.failure.message);
    const input = this.#pack(id, 'input', 'input', value);
    const bodyHash = options.bodyHash ?? sha256(canonicalJson([definition, value]));
    return throughJson<SubmitRequest>({
      birth: this.#birth(id, definition, plan, input, options),
      definition,
      input,
      control: control.values,
      idempotency: options.key === undefined ? null : { keyHash: sha256(options.key), bodyHash },
      turn: options.turn === undefined ? null : this.#turn(options.turn),
    });
  }

  #birth(
    id: JobId,
    definition: Definition,
    plan: Plan,
    input: PayloadOnTheWay,
    options: SubmitOptions,
  ): JobBirth {
    return {
      id,
      project: PROJECT,
      pipeline: definition.name,
      version: 1,
      definitionHash: sha256(canonicalJson(definition)),
      input: input.stored,
      metadata: options.metadata ?? {},
      tags: [],
      correlation: { requestId: `req_${id.slice(-12)}`, traceId: 'a'.repeat(32) },
      createdAtMs: this.nowMs,
      queueDeadlineAtMs: this.nowMs + plan.queueTimeoutMs,
      deadlineAtMs: this.nowMs + plan.jobTimeoutMs,
      ...(options.flow === undefined ? {} : { flow: options.flow }),
    };
  }

  #turn(turn: Partial<TurnRequest>): TurnRequest {
    this.#ids += 1;
    const requestId = `request-${this.#ids}`;
    const capacity = { calls: 100, local: 100 };
    return { requestId, capacity, untilMs: this.nowMs + 840_000, ...turn };
  }

  submit(body: DefinitionBody, options: SubmitOptions = {}): SubmitAnswer {
    return this.shard.submit(this.request(body, options));
  }

  /** Submits a job that has to be created, and gives its id. */
  create(body: DefinitionBody, options: SubmitOptions = {}): JobId {
    const answer = this.submit(body, options);
    if (answer.kind !== 'created') throw new Error(answer.kind);
    return answer.snapshot.state.birth.id;
  }

  next(jobId: JobId, request: Partial<NextRequest> = {}): NextAnswer {
    return this.shard.next(
      throughJson<NextRequest>({
        ...this.#turn({}),
        jobId,
        settled: [],
        hinted: false,
        returning: false,
        knownDefinition: null,
        ...request,
      }),
    );
  }

  /** Claims all there is, and gives the keys. */
  claim(jobId: JobId, request: Partial<NextRequest> = {}): string[] {
    return this.next(jobId, request).work.map(({ key }) => key);
  }

  /** Reports what became of an attempt, in a call that claims nothing. */
  settle(jobId: JobId, ...reports: readonly SettlementReport[]): NextAnswer {
    return this.next(jobId, { settled: reports, capacity: { calls: 0, local: 0 } });
  }

  succeeded(
    jobId: JobId,
    key: string,
    output: Json = {},
    facts: Partial<AttemptFacts> = {},
  ): SettlementReport {
    const which = parseKey(key);
    const { definitionHash } = this.state(jobId).birth;
    const step = this.#plans.get(definitionHash)?.byId.get(which.step);
    const control = controlValues(step?.forEach === null ? step.reports : [], output, 3);
    if (!control.ok) return this.failed(key, control.failure, facts);
    const rowKey =
      which.item === null ? `output/${which.step}` : `output/${which.step}/${which.item}`;
    return {
      ...which,
      facts: { latencyMs: 3, costNanoUsd: 0, ...facts },
      outcome: {
        ok: true,
        output: this.#pack(jobId, key, rowKey, output),
        control: control.values,
      },
    };
  }

  failed(
    key: string,
    failure: Partial<Failure>,
    facts: Partial<AttemptFacts> = {},
    rejected?: Json,
  ): SettlementReport {
    return {
      ...parseKey(key),
      facts: { latencyMs: 3, costNanoUsd: 0, ...facts },
      outcome: {
        ok: false,
        failure: failureOf(failure),
        ...(rejected === undefined ? {} : { rejected }),
      },
    };
  }

  /** The attempt goes on at its provider. */
  ticketed(key: string, report: Partial<TicketReport> = {}): SettlementReport {
    return {
      ...parseKey(key),
      facts: { latencyMs: 3, costNanoUsd: 0 },
      outcome: {
        ok: 'pending',
        ticket: { providerJobId: `provider-${key}`, data: { url: `/${key}` } },
        checkInMs: 10_000,
        poll: 0,
        ...report,
      },
    };
  }

  succeed(
    jobId: JobId,
    key: string,
    output: Json = {},
    facts: Partial<AttemptFacts> = {},
  ): NextAnswer {
    return this.settle(jobId, this.succeeded(jobId, key, output, facts));
  }

  /** Carries a job out to its end: claims, settles everything with what `outputOf` says, claims again. */
  finish(jobId: JobId, outputOf: (work: WorkItem) => Json = () => ({})): JobState {
    let answer = this.next(jobId);
    while (answer.work.length > 0) {
      const settled = answer.work.map((work) => this.succeeded(jobId, work.key, outputOf(work)));
      answer = this.next(jobId, { settled });
    }
    return this.state(jobId);
  }

  snapshot(jobId: JobId): JobSnapshot {
    const snapshot = this.shard.read({ jobId, include: ['input', 'step_outputs'] });
    if (snapshot === null) throw new Error(`${jobId} is not there`);
    return throughJson(snapshot);
  }

  state(jobId: JobId): JobState {
    return this.snapshot(jobId).state;
  }

  events(jobId: JobId, afterSeq = 0, limit = 1e9): readonly JobEvent[] {
    return this.shard.events({ jobId, afterSeq, limit })?.events ?? [];
  }

  /** What the history consumer does with what was sent so far: stores it, then confirms it. */
  deliverHistory(choose: (message: HistoryMessage) => boolean = () => true): void {
    const chosen = this.history.filter(choose);
    this.history = this.history.filter((message) => !choose(message));
    const entries = chosen.flatMap((message) => message.entries);
    for (const entry of entries) this.#record(entry);
    this.shard.confirm(entries.map(markOf));
  }

  #record({ job, events, calls }: HistoryEntry): void {
    const known = this.recorded.get(job.id) ?? { job, events: new Map(), calls: new Map() };
    if (isNewer(job, known.job)) known.job = job;
    for (const event of events?.events ?? []) {
      if (isJsonObject(event)) known.events.set(Number(event['seq']), event);
    }
    for (const call of calls) known.calls.set(call.attempt_key, call);
    this.recorded.set(job.id, known);
  }

  /** Sends, stores and confirms all history that leaves within a time: without one, that of jobs that are over. */
  async settleHistory(withinMs = SETTLED_MS): Promise<void> {
    await this.pass(withinMs);
    this.deliverHistory();
    await this.quiet();
  }

  isOver(jobId: JobId): boolean {
    return isTerminal(this.state(jobId).status);
  }

  #planOf(definition: Definition): Plan {
    const hash = sha256(canonicalJson(definition));
    const result = makePlan(definition);
    if (!result.ok) throw new Error(JSON.stringify(result.violations));
    this.#plans.set(hash, result.plan);
    return result.plan;
  }

  /** As the services do it: small values travel, large ones become objects. */
  #pack(jobId: JobId, owner: string, rowKey: string, value: Json): PayloadOnTheWay {
    const text = JSON.stringify(value);
    const measured = { bytes: utf8Bytes(text), sha256: sha256(text) };
    if (measured.bytes <= 256 * 1024)
      return { stored: { at: 'row', key: rowKey, ...measured }, value };
    const key = `${PROJECT}/${jobId}/${owner}/${measured.sha256.slice(0, 16)}.json`;
    this.objects.set(key, text);
    return { stored: { at: 'r2', key, ...measured } };
  }

  /** The objects that this shard's jobs have in R2. */
  objectStore(): Objects {
    return {
      put: async (key, text) => void this.objects.set(key, text),
      get: async ({ key }) => JSON.parse(this.objects.get(key) ?? 'null') as Json,
      deleteJob: async () => {},
    };
  }

  /** The shard as runners and services reach it: across a process boundary. */
  client(): JobShard {
    return {
      submit: async (request) => throughJson(this.shard.submit(throughJson(request))),
      next: async (request) => throughJson(this.shard.next(throughJson(request))),
      renew: async (request) => throughJson(this.shard.renew(throughJson(request))),
      cancel: async (request) => throughJson(this.shard.cancel(throughJson(request))),
      pause: async (request) => throughJson(this.shard.pause(throughJson(request))),
      resume: async (request) => throughJson(this.shard.resume(throughJson(request))),
      receiveEvent: async (request) => throughJson(this.shard.receiveEvent(throughJson(request))),
      read: async (request) => throughJson(this.shard.read(throughJson(request))),
      readOutput: async (request) => throughJson(this.shard.readOutput(throughJson(request))),
      events: async (request) => throughJson(this.shard.events(throughJson(request))),
      parentTold: async (request) => this.shard.parentTold(throughJson(request)),
      ticketsCancelled: async (request) => this.shard.ticketsCancelled(throughJson(request)),
      callBack: async (request) => throughJson(this.shard.callBack(throughJson(request))),
      findKey: async (keyHash) => throughJson(this.shard.findKey(keyHash)),
      confirm: async (marks) => this.shard.confirm(throughJson(marks)),
      grant: async (slots) => throughJson(this.shard.grant(throughJson(slots))),
      ensureAlarm: async () => this.shard.ensureAlarm(),
    };
  }
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** What is left of a value after a journey between processes. */
export function throughJson<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}

/** As D1 decides it: by the event, and between two events by what is told of a wait. */
function isNewer(job: HistoryEntry['job'], known: HistoryEntry['job']): boolean {
  if (job.seq !== known.seq) return job.seq > known.seq;
  return (job.waiting_version ?? 0) > (known.waiting_version ?? 0);
}
