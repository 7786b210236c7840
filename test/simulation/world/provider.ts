import type { Failure } from '../../../src/domain/job/failure.ts';
import type { ModelReply } from '../../../src/domain/model/model-call.ts';
import type { CallContext, CallOutcome, ProviderAdapter } from '../../../src/providers/port.ts';
import type { Clock } from './clock.ts';
import { never, type Faults, type Process } from './faults.ts';
import type { Random } from './random.ts';

export const providerNames = ['openai', 'groq'] as const;
type ProviderName = (typeof providerNames)[number];

/** One paid call, as the provider's own books have it. */
export type PaidCall = {
  readonly key: string;
  readonly provider: ProviderName;
  readonly number: number;
  readonly atMs: number;
  /** The usage it charges, different for every call; null for a call that it refused. */
  readonly inputTokens: number | null;
  readonly text: string | null;
};

const failures: readonly Failure[] = [
  { class: 'overloaded', phase: 'rejected', message: 'overloaded' },
  { class: 'rate_limited', phase: 'rejected', message: 'slow down', retryAfterMs: 3_000 },
  { class: 'network', phase: 'unknown', message: 'reset' },
  { class: 'timeout', phase: 'unknown', message: 'took too long' },
  { class: 'auth', phase: 'rejected', message: 'no' },
];

function unused(): never {
  throw new Error('only whole calls are made here');
}

/** Providers that answer what the script says and write down every call. */
export class Provider {
  readonly calls: PaidCall[] = [];
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #faults: Faults;

  constructor(clock: Clock, random: Random, faults: Faults) {
    this.#clock = clock;
    this.#random = random;
    this.#faults = faults;
  }

  adapterFor(process: Process, id: ProviderName): ProviderAdapter {
    return {
      id,
      version: 1,
      capabilities: { kinds: ['chat'], local: false },
      transformInput: unused,
      normalizeOutput: unused,
      classifyError: unused,
      submitJob: (_call, context) => this.#answer(process, id, context),
    };
  }

  async #answer(
    process: Process,
    provider: ProviderName,
    { idempotencyKey, signal, onHeaders }: CallContext,
  ): Promise<CallOutcome> {
    const random = this.#random;
    if (this.#faults.strikes('provider.call')) process.diedAtMs = this.#clock.nowMs;
    if (!process.alive) return never();
    const number = this.calls.length + 1;
    const fair = this.#faults.fair;
    const failure = !fair && random.chance(0.25) ? random.pick(failures) : null;
    const charged = failure === null || failure.phase === 'unknown';
    const text = failure === null ? this.#text(number) : null;
    const inputTokens = charged ? 1_000 + number : null;
    const atMs = this.#clock.nowMs;
    this.calls.push({ key: idempotencyKey, provider, number, atMs, inputTokens, text });
    const takesMs = random.pick(fair ? [200] : [5, 200, 3_000, 3_000, 25_000, 90_000]);
    const stopped = await this.#wait(takesMs, signal);
    if (!process.alive) return never();
    onHeaders();
    if (stopped !== null) return { kind: 'failed', failure: stopped };
    if (failure === null) return { kind: 'done', reply: replyOf(number, text ?? '') };
    if (!charged) return { kind: 'failed', failure };
    const { result: _result, ...spent } = replyOf(number, '');
    return { kind: 'failed', failure, spent };
  }

  #text(number: number): string {
    return this.#faults.fair || this.#random.chance(0.85) ? `{"n":${number}}` : `no ${number}`;
  }

  #wait(ms: number, signal: AbortSignal): Promise<Failure | null> {
    if (signal.aborted) return Promise.resolve(stoppedBy(signal));
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(stoppedBy(signal)));
      this.#clock.at(this.#clock.nowMs + ms, () => resolve(null));
    });
  }
}

function stoppedBy(signal: AbortSignal): Failure {
  return signal.reason === 'cancel'
    ? { class: 'cancelled', phase: 'accepted', message: 'stopped' }
    : { class: 'timeout', phase: 'accepted', message: 'took too long' };
}

function replyOf(number: number, text: string): ModelReply {
  return {
    usage: { inputTokens: 1_000 + number, outputTokens: 10 },
    rawUsage: {},
    returnedModel: 'gpt-4.1-mini',
    providerRequestId: `call-${number}`,
    result: { kind: 'chat', text, finishReason: 'stop' },
  };
}
