import type { Failure } from '../../../src/domain/job/failure.ts';
import type { ModelReply, Spent } from '../../../src/domain/model/model-call.ts';
import type {
  CallContext,
  CallOutcome,
  ProviderAdapter,
  Reconciled,
  Ticket,
} from '../../../src/providers/port.ts';
import type { Clock } from './clock.ts';
import { never, type Faults, type Process } from './faults.ts';
import type { Random } from './random.ts';

/** One piece of work, as the provider's own books have it: every one is paid for. */
export type Work = {
  /** The attempt that submitted it. */
  readonly key: string;
  readonly number: number;
  readonly takesMs: number;
  readonly doneAtMs: number;
  readonly fails: boolean;
  /** Whether the provider will find it by its key. */
  readonly listed: boolean;
  cancelledAtMs: number | null;
};

function unused(): never {
  throw new Error('only whole calls are made here');
}

/** A provider that takes work into a queue of its own, and may be killed, or its caller, between any two words. */
export class SlowProvider {
  readonly works: Work[] = [];
  /** Submits that were refused, or never arrived. */
  refused = 0;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #faults: Faults;
  /** Whether it can be asked what became of a submit. */
  readonly finds: boolean;
  /** Tells the world that a piece of work has something to say of itself. */
  callBack: (work: Work) => void = () => {};

  constructor(clock: Clock, random: Random, faults: Faults) {
    this.#clock = clock;
    this.#random = random;
    this.#faults = faults;
    this.finds = random.chance(0.7);
  }

  adapterFor(process: Process, id: string): ProviderAdapter {
    const base: ProviderAdapter = {
      id,
      version: 1,
      capabilities: { kinds: ['chat'], local: false, executions: { chat: ['background'] } },
      transformInput: unused,
      normalizeOutput: unused,
      classifyError: unused,
      submitJob: (_call, context) => this.#submit(process, context),
      getJobStatus: (ticket, _call, context) => this.#status(process, ticket, context),
      cancelJob: (ticket, _call, context) => this.#cancel(process, ticket, context),
      callbacks: { verify: async () => ({ kind: 'genuine' }), read: () => ({ kind: 'ask' }) },
    };
    if (!this.finds) return base;
    return {
      ...base,
      findJob: (lost, context) => this.#find(process, lost.idempotencyKey, context),
    };
  }

  /** A word to the provider: the caller may die before or after it, or the word or its answer get lost. */
  async #say<Value>(
    process: Process,
    { onHeaders, signal }: CallContext,
    work: () => Value,
  ): Promise<Value | Failure> {
    if (this.#faults.strikes('provider.call')) process.diedAtMs = this.#clock.nowMs;
    if (!process.alive) return never();
    await this.#clock.after(this.#random.pick([5, 200, 3_000]));
    if (!process.alive) return never();
    if (signal.aborted)
      return { ...CUT, class: signal.reason === 'cancel' ? 'cancelled' : 'timeout' };
    if (this.#faults.strikes('provider.call')) return { ...CUT, class: 'network' };
    const value = work();
    if (this.#faults.strikes('provider.call')) process.diedAtMs = this.#clock.nowMs;
    if (!process.alive) return never();
    if (this.#faults.strikes('provider.call')) return { ...CUT, class: 'timeout' };
    onHeaders();
    return value;
  }

  async #submit(process: Process, context: CallContext): Promise<CallOutcome> {
    const random = this.#random;
    const { fair } = this.#faults;
    const refuses = !fair && random.chance(0.15);
    const outcome = await this.#say(process, context, (): CallOutcome => {
      if (refuses) {
        this.refused += 1;
        const message = 'the queue is full';
        return { kind: 'failed', failure: { class: 'overloaded', phase: 'rejected', message } };
      }
      const number = this.works.length + 1;
      const takesMs = random.pick(fair ? [10_000] : [1_000, 30_000, 300_000, 2_000_000]);
      const work: Work = {
        key: context.idempotencyKey,
        number,
        takesMs,
        doneAtMs: this.#clock.nowMs + takesMs,
        fails: !fair && random.chance(0.1),
        listed: random.chance(0.9),
        cancelledAtMs: null,
      };
      this.works.push(work);
      this.#scheduleCallbacks(work);
      return {
        kind: 'pending',
        ticket: ticketOf(number),
        checkInMs: random.pick([0, 2_000, 20_000]),
      };
    });
    // Taken and paid for; and whoever was to write it down dies.
    if (this.#faults.strikes('runner.record')) process.diedAtMs = this.#clock.nowMs;
    if (!process.alive) return never();
    return 'class' in outcome ? { kind: 'failed', failure: outcome } : outcome;
  }

  /** Some work calls back: at once, when it is done, or long after, and sometimes twice. */
  #scheduleCallbacks(work: Work): void {
    if (!this.#random.chance(0.4)) return;
    const times = this.#random.pick([
      [0],
      [work.takesMs],
      [0, work.takesMs],
      [work.takesMs + 4_000_000],
    ]);
    for (const ms of times) {
      this.#clock.at(this.#clock.nowMs + ms, () => this.callBack(work));
      if (this.#random.chance(0.3))
        this.#clock.at(this.#clock.nowMs + ms + 7, () => this.callBack(work));
    }
  }

  async #status(process: Process, ticket: Ticket, context: CallContext): Promise<CallOutcome> {
    const outcome = await this.#say(process, context, () => this.#statusOf(ticket));
    return 'class' in outcome ? { kind: 'failed', failure: outcome } : outcome;
  }

  #statusOf(ticket: Ticket): CallOutcome {
    const work = this.#workOf(ticket);
    if (work.cancelledAtMs !== null) {
      const message = 'it was cancelled';
      return { kind: 'failed', failure: { class: 'cancelled', phase: 'finished', message } };
    }
    if (this.#clock.nowMs < work.doneAtMs) return { kind: 'pending', ticket, checkInMs: 2_000 };
    const reply = replyOf(work.number);
    if (!work.fails) return { kind: 'done', reply };
    const { result: _result, ...spent } = reply;
    const message = 'it broke';
    return {
      kind: 'failed',
      failure: { class: 'provider_internal', phase: 'finished', message },
      spent: spent satisfies Spent,
    };
  }

  async #find(process: Process, key: string, context: CallContext): Promise<Reconciled> {
    const found = await this.#say(process, context, (): Reconciled => {
      const work = this.works.find((each) => each.key === key);
      if (work === undefined) return { kind: 'absent' };
      return work.listed ? { kind: 'found', ticket: ticketOf(work.number) } : { kind: 'unknown' };
    });
    return 'class' in found ? { kind: 'unknown' } : found;
  }

  async #cancel(process: Process, ticket: Ticket, context: CallContext): Promise<void> {
    const done = await this.#say(process, context, () => {
      const work = this.#workOf(ticket);
      if (this.#clock.nowMs < work.doneAtMs) work.cancelledAtMs ??= this.#clock.nowMs;
      return null;
    });
    if (done !== null) throw new Error('the provider did not hear it');
  }

  #workOf({ providerJobId, data }: Ticket): Work {
    const work = this.works[Number(data) - 1];
    if (work === undefined || `work-${work.number}` !== providerJobId) {
      throw new Error(`the ticket ${providerJobId} came with ${JSON.stringify(data)}`);
    }
    return work;
  }
}

const CUT = { phase: 'unknown', message: 'the line was cut' } as const;

function ticketOf(number: number): Ticket {
  return { providerJobId: `work-${number}`, data: number };
}

/** Numbers of works and of calls are told apart. */
export const WORKS_FROM = 500_000;

function replyOf(number: number): ModelReply {
  return {
    usage: { inputTokens: WORKS_FROM + number, outputTokens: 10 },
    rawUsage: {},
    returnedModel: 'gpt-4.1-mini',
    providerRequestId: `work-${number}`,
    result: { kind: 'chat', text: `{"n":${number}}`, finishReason: 'stop' },
  };
}
