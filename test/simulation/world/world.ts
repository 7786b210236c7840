import type { Actor } from '../../../src/domain/access.ts';
import { isJobId, shardOf, type JobId } from '../../../src/domain/ids.ts';
import type { Json } from '../../../src/domain/json.ts';
import { consumeHistory } from '../../../src/runtime/consumers/history.ts';
import { consumeWakes } from '../../../src/runtime/consumers/wake.ts';
import { INLINE_CAPACITY, runInline } from '../../../src/services/jobs/run-inline.ts';
import { submitJob } from '../../../src/services/jobs/submit-job.ts';
import type { ExecuteDeps } from '../../../src/services/run/attempt.ts';
import type { JobShard, JobShards } from '../../../src/services/ports/job-shard/job-shard.ts';
import type { NextRequest } from '../../../src/services/ports/job-shard/turn.ts';
import type { Objects } from '../../../src/services/ports/values/objects.ts';
import type { Machine } from '../../../src/services/ports/runtime.ts';
import type { ShardOfJobs } from '../../../src/runtime/job-shard/job-shard.ts';
import { parseKey } from '../../support/engine-driver.ts';
import { PROJECT, sha256, throughJson } from '../../support/shard-driver.ts';
import { Clock, settled } from './clock.ts';
import { d1Over, Tables } from './d1.ts';
import { Faults, Process, STORE_FATES, type Point } from './faults.ts';
import { makeMoodyGates } from './gates.ts';
import { FlowHost } from './flow-host.ts';
import { plans, published } from './pipelines.ts';
import { Provider, providerNames } from './provider.ts';
import { Queue } from './queue.ts';
import { Random } from './random.ts';
import { ShardHost } from './shard-host.ts';
import { SlowProvider, type Work } from './slow-provider.ts';
import { Spending } from './spending.ts';

const SHARDS = 2;
const d1Tables = new Tables();

export type Submission = {
  readonly pipeline: string;
  readonly input: Json;
  readonly key: string | null;
  /** How long the submitter waits for the result and runs the job itself; null when it does not. */
  readonly waitsMs: number | null;
};

/** What a client was answered. */
export type Accepted = {
  readonly jobId: JobId;
  readonly key: string | null;
  readonly kind: string;
};

export type Logged = { readonly level: string; readonly event: string; readonly jobId: string };

/** Everything that is real, with everything around it under the script's control. */
export class World {
  readonly random: Random;
  readonly clock = new Clock();
  readonly faults: Faults;
  readonly d1 = d1Tables;
  readonly objects = new Map<string, string>();
  readonly provider: Provider;
  readonly slow: SlowProvider;
  readonly shards: readonly ShardHost[];
  readonly flow: FlowHost;
  readonly spending: Spending;
  readonly wakes: Queue;
  readonly history: Queue;
  readonly accepted: Accepted[] = [];
  readonly inline: Process[] = [];
  readonly logs: Logged[] = [];
  /** Reports that runners have made, as they made them. */
  readonly reports: NextRequest[] = [];
  /** Which process got an attempt, by job and attempt key. */
  readonly holders = new Map<string, Process>();
  /** Until when D1 refuses everything. */
  d1DownUntilMs = 0;
  #ids = 0;

  constructor(seed: number) {
    const random = new Random(seed);
    this.random = random;
    this.faults = new Faults(random, this.clock, new Random(seed ^ 0x1f83d9ab));
    this.provider = new Provider(this.clock, random, this.faults);
    this.slow = new SlowProvider(this.clock, random, this.faults);
    this.slow.callBack = (work) => this.#callBack(work);
    this.d1.empty();
    const parts = { clock: this.clock, random, faults: this.faults };
    this.spending = new Spending(seed, parts);
    this.wakes = new Queue('queue.wake', parts, (process, batch) =>
      consumeWakes(this.deps(process), batch),
    );
    this.history = new Queue('queue.history', parts, async (process, batch) => {
      await consumeHistory(this.#historyDeps(process), batch);
    });
    this.flow = new FlowHost({
      ...parts,
      grant: (shard, slots) => this.#host(shard).call('grant', (home) => home.grant(slots)),
    });
    const cold = random.chance(0.6);
    this.shards = Array.from({ length: SHARDS }, (_, shard) => this.#makeShard(shard, cold));
  }

  #makeShard(shard: number, cold: boolean): ShardHost {
    return new ShardHost(shard, {
      clock: this.clock,
      random: this.random,
      faults: this.faults,
      cold,
      reconciles: this.slow.finds,
      sendWakes: (messages) => this.wakes.send(throughJson(messages)),
      sendHistory: (messages) => this.history.send(throughJson(messages)),
      exchange: (message) => this.flow.exchange(throughJson(message)),
      deleteObjects: (jobId) => this.#deleteObjects(jobId),
      log: (level, event, fields) => this.#log(level, event, fields),
    });
  }

  close(): void {
    for (const shard of this.shards) shard.close();
    this.flow.close();
    this.spending.host.close();
  }

  #log(level: string, event: string, fields: Readonly<Record<string, unknown>>): void {
    this.logs.push({ level, event, jobId: JSON.stringify(fields['job_id'] ?? null) });
    if (level === 'error') this.faults.tell(`log ${event} ${JSON.stringify(fields).slice(0, 400)}`);
  }

  #deleteObjects(jobId: JobId): void {
    for (const key of this.objects.keys()) {
      if (key.startsWith(`${PROJECT}/${jobId}/`)) this.objects.delete(key);
    }
  }

  #host(shard: number): ShardHost {
    const host = this.shards[shard];
    if (host === undefined) throw new RangeError(`no shard ${shard}`);
    return host;
  }

  hostOf(jobId: JobId): ShardHost {
    return this.#host(shardOf(jobId));
  }

  machine(process: Process): Machine {
    return {
      nowMs: () => this.clock.nowMs,
      newUuid: () => this.#newUuid(),
      sha256: async (text) => sha256(text),
      wait: (ms, signal) =>
        new Promise((resolve) => {
          const wake = (): void => {
            if (process.alive) resolve();
          };
          if (signal?.aborted === true) resolve();
          signal?.addEventListener('abort', wake);
          this.clock.at(this.clock.nowMs + ms, wake);
        }),
    };
  }

  #newUuid(): string {
    this.#ids += 1;
    const time = this.clock.nowMs.toString(16).padStart(12, '0');
    const lot = this.random.below(0x1_0000_0000).toString(16).padStart(8, '0');
    const count = (this.#ids & 0xffff).toString(16).padStart(4, '0');
    return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${count}${lot}`;
  }

  /** A shard as one process reaches it. */
  shardFor(process: Process, shard: number, point: Point | null = null): JobShard {
    const host = this.#host(shard);
    const call = <Value>(
      standard: Point,
      name: string,
      work: (home: ShardOfJobs) => Value,
    ): Promise<Value> => this.faults.carry(process, point ?? standard, () => host.call(name, work));
    return {
      submit: (request) =>
        call('shard.submit', 'submit', (home) => home.submit(throughJson(request))),
      next: async (request) => {
        if (request.settled.length > 0 && !this.faults.fair)
          this.reports.push(throughJson(request));
        const answer = await call('runner.next', 'next', (home) => home.next(throughJson(request)));
        for (const { key } of answer.work) this.holders.set(`${request.jobId}/${key}`, process);
        return answer;
      },
      renew: (request) => call('runner.renew', 'renew', (home) => home.renew(throughJson(request))),
      cancel: (request) => call('client.steer', 'cancel', (home) => home.cancel(request)),
      pause: (request) => call('client.steer', 'pause', (home) => home.pause(request)),
      resume: (request) => call('client.steer', 'resume', (home) => home.resume(request)),
      receiveEvent: (request) =>
        call('client.steer', 'event', (home) => home.receiveEvent(throughJson(request))),
      read: (request) => call('runner.other_job', 'read', (home) => home.read(request)),
      readOutput: (request) =>
        call('runner.other_job', 'readOutput', (home) => home.readOutput(request)),
      events: (request) => call('runner.other_job', 'events', (home) => home.events(request)),
      parentTold: (request) =>
        call('runner.other_job', 'parentTold', (home) => home.parentTold(request)),
      ticketsCancelled: (request) =>
        call('runner.other_job', 'ticketsCancelled', (home) =>
          home.ticketsCancelled(throughJson(request)),
        ),
      callBack: (request) =>
        call('client.steer', 'callBack', (home) => home.callBack(throughJson(request))),
      findKey: (keyHash) => call('shard.submit', 'findKey', (home) => home.findKey(keyHash)),
      confirm: (marks) =>
        call('history.confirm', 'confirm', (home) => home.confirm(throughJson(marks))),
      grant: (slots) => call('flow.grant', 'grant', (home) => home.grant(slots)),
      ensureAlarm: () => call('client.steer', 'ensureAlarm', (home) => home.ensureAlarm()),
    };
  }

  #shardsFor(process: Process): JobShards {
    return { count: SHARDS, former: null, of: (_project, shard) => this.shardFor(process, shard) };
  }

  #objectsFor(process: Process): Objects {
    return {
      put: (key, text) =>
        this.faults.carry(
          process,
          'objects.put',
          () => void this.objects.set(key, text),
          STORE_FATES,
        ),
      get: ({ key }) =>
        this.faults.carry(
          process,
          'objects.get',
          () => JSON.parse(this.objects.get(key) ?? 'null') as Json,
          STORE_FATES,
        ),
      deleteJob: (_project, jobId) =>
        this.faults.carry(process, 'objects.put', () => this.#deleteObjects(jobId), STORE_FATES),
    };
  }

  deps(process: Process): ExecuteDeps {
    const adapters = [
      ...providerNames.map((id) => this.provider.adapterFor(process, id)),
      this.slow.adapterFor(process, 'slow'),
    ];
    return {
      objects: this.#objectsFor(process),
      providers: {
        ids: ['openai', 'groq', 'slow', 'poison'],
        get: (id) => adapters.find((adapter) => adapter.id === id) ?? null,
        modelsOf: () => [],
        kindOf: () => null,
        capabilitiesOf: () => null,
      },
      machine: this.machine(process),
      log: (level, event, fields) => {
        if (process.alive) this.#log(level, event, fields);
      },
      pipelines: published,
      plans,
      shards: this.#shardsFor(process),
      gates: makeMoodyGates(process, this),
      ...this.spending.depsFor(process),
    };
  }

  #historyDeps(process: Process) {
    const call = <Value>(work: (tables: Tables) => Value): Promise<Value> =>
      this.faults.carry(
        process,
        'history.write',
        () => {
          if (this.clock.nowMs < this.d1DownUntilMs) throw new Error('D1 is down');
          return work(this.d1);
        },
        ['killed_before', 'killed_after', 'twice'],
      );
    return {
      db: d1Over(call),
      nowMs: () => this.clock.nowMs,
      shards: this.#shardsFor(process),
      log: (level: string, event: string, fields: Readonly<Record<string, unknown>>) => {
        if (process.alive) this.#log(level, event, fields);
      },
    };
  }

  /** A client submits a job, and tries again a few times when it gets no answer and has a key. */
  async submit(submission: Submission): Promise<void> {
    const process = new Process('client');
    this.inline.push(process);
    for (let tries = 0; tries < (submission.key === null ? 1 : 3); tries += 1) {
      try {
        await this.#submitOnce(process, submission);
        break;
      } catch {
        await this.clock.after(1_000);
      }
    }
    process.over = true;
  }

  async #submitOnce(
    process: Process,
    { pipeline, input, key, waitsMs }: Submission,
  ): Promise<void> {
    const deps = this.deps(process);
    const untilMs = this.clock.nowMs + (waitsMs ?? 0);
    const requestId = deps.machine.newUuid();
    const submitted = await submitJob(deps, ACTOR, {
      pipeline,
      input,
      metadata: {},
      tags: ['simulated'],
      timeouts: {},
      cancelAfter: null,
      idempotencyKey: key,
      priority: undefined,
      correlation: { requestId: `req_${requestId.slice(-12)}`, traceId: 'a'.repeat(32) },
      turn:
        waitsMs === null
          ? null
          : { requestId, capacity: INLINE_CAPACITY, untilMs: untilMs + 20_000 },
    });
    if (!submitted.ok) return;
    const { kind, snapshot, turn } = submitted.value;
    const jobId = snapshot.state.birth.id;
    this.accepted.push({ jobId, key, kind });
    for (const work of turn?.work ?? []) this.holders.set(`${jobId}/${work.key}`, process);
    if (waitsMs === null) return;
    const rest: Promise<void>[] = [];
    const background = (work: Promise<void>): void => void rest.push(work);
    await runInline({ ...deps, background }, ACTOR, submitted.value, untilMs).catch(() => {});
    await Promise.all(rest);
  }

  /** A provider calls back about work that an attempt has submitted: its word is stored, and the shard told. */
  #callBack({ key, number }: Work): void {
    const [jobId = '', attempt = ''] = key.split(':');
    if (!isJobId(jobId)) throw new Error(`${key} is nobody's`);
    const text = JSON.stringify({ number });
    const hash = sha256(text);
    const name = `${PROJECT}/${jobId}/${attempt}/callback-${hash.slice(0, 16)}.json`;
    this.objects.set(name, text);
    const callback = { at: 'r2' as const, key: name, bytes: text.length, sha256: hash };
    this.steer(jobId, (home) => home.callBack({ jobId, ...parseKey(attempt), callback }));
  }

  /** A client calls a shard once; what becomes of it is not its business. */
  steer(jobId: JobId, work: (shard: JobShard) => Promise<unknown>): void {
    const shard = this.shardFor(new Process('client'), shardOf(jobId));
    void work(shard).catch(() => {});
  }

  runnersAtWork(): readonly Process[] {
    return [...this.wakes.atWork(), ...this.inline.filter(({ alive, over }) => alive && !over)];
  }

  /** Lets time pass: whatever has its moment happens in order, each to its end before the next begins. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.clock.nowMs + ms;
    await settled();
    while (await this.#step(untilMs)) await settled();
    this.clock.nowMs = untilMs;
  }

  async #step(untilMs: number): Promise<boolean> {
    const alarms = [...this.shards, this.flow, this.spending.host];
    const nextAtMs = Math.min(this.clock.nextAtMs, ...alarms.map((host) => host.nextAtMs));
    if (nextAtMs > untilMs) return false;
    this.clock.nowMs = Math.max(this.clock.nowMs, nextAtMs);
    const fires = alarms.find((host) => host.nextAtMs <= this.clock.nowMs);
    if (fires === undefined) this.clock.ring();
    else await fires.fireAlarm();
    return true;
  }
}

const ACTOR: Actor = {
  id: 'key_1',
  project: PROJECT,
  scopes: new Set(['jobs:read', 'jobs:write']),
  isRoot: false,
};
