import { expect, test } from 'vitest';

import type { Target } from '../../../src/domain/job/attempt.ts';
import type { Failure } from '../../../src/domain/job/failure.ts';
import type {
  Admission,
  CallEnd,
  PlannedCall,
  TargetGates,
} from '../../../src/services/ports/targets/target-gates.ts';
import type { CallOutcome } from '../../../src/providers/port.ts';
import { FakeAttempt } from '../run/fake-attempt.ts';

const question = { messages: [{ role: 'user', content: 'Hello, how are you today?' }] };
const step = { uses: 'model.chat' } as const;

const said: CallOutcome = {
  kind: 'done',
  reply: {
    result: { kind: 'chat', text: 'Hello', finishReason: 'stop' },
    usage: { inputTokens: 20, cacheReadTokens: 5, outputTokens: 3 },
    rawUsage: null,
    returnedModel: 'm-1',
    providerRequestId: null,
  },
};

/** A gate that answers as it is told and remembers what it is told. */
class FakeGate implements TargetGates {
  readonly asked: number[] = [];
  readonly ends: CallEnd[] = [];
  readonly #answer: Extract<Admission, { admitted: false }> | null;

  constructor(answer: Extract<Admission, { admitted: false }> | null = null) {
    this.#answer = answer;
  }

  async admit(target: Target, call: PlannedCall): Promise<Admission> {
    this.asked.push(call.estimatedTokens);
    const permit = { target, estimatedTokens: call.estimatedTokens, epoch: 1, urgent: false };
    return this.#answer ?? { admitted: true, permit };
  }

  async settle(_permit: unknown, end: CallEnd): Promise<void> {
    this.ends.push(end);
  }

  async renew(): Promise<void> {}

  async report(_target: Target, end: CallEnd): Promise<void> {
    this.ends.push(end);
  }

  async catchUp(): Promise<void> {}

  measures(): [] {
    return [];
  }
}

function failing(failure: Partial<Failure>): CallOutcome {
  return {
    kind: 'failed',
    failure: { class: 'overloaded', phase: 'rejected', message: 'no', ...failure },
  };
}

test('a call that is let through is made, and its end is told', async () => {
  const gates = new FakeGate();
  const attempt = new FakeAttempt(step, { answer: () => said, gates });
  expect(await attempt.run(question)).toMatchObject({ result: { ok: true } });
  expect(gates.asked).toHaveLength(1);
  expect(gates.asked[0]).toBeGreaterThan(500);
  expect(gates.ends).toEqual([{ result: 'succeeded', latencyMs: 0, usedTokens: 28 }]);
});

test('a call that is not let through is not made, costs nothing, and says until when', async () => {
  const because = 'overloaded';
  const gates = new FakeGate({
    admitted: false,
    reason: 'circuit_open',
    because,
    untilAtMs: 9_000,
  });
  const attempt = new FakeAttempt(step, { answer: () => said, gates });
  expect(await attempt.run(question)).toMatchObject({
    facts: { costNanoUsd: 0 },
    result: { ok: 'declined', reason: 'circuit_open', because, untilAtMs: 9_000 },
  });
  expect(attempt.calls).toEqual([]);
  expect(gates.ends).toEqual([]);
});

test('work inside the Worker asks nobody', async () => {
  const gates = new FakeGate({ admitted: false, reason: 'held', untilAtMs: 9_000 });
  const capabilities = { local: true };
  const attempt = new FakeAttempt(step, { answer: () => said, gates, capabilities });
  expect(await attempt.run(question)).toMatchObject({ result: { ok: true } });
  expect(gates.asked).toEqual([]);
});

test('failures are told by their class, with the pause that was asked for', async () => {
  const gates = new FakeGate();
  const answers = [
    failing({ class: 'rate_limited', retryAfterMs: 7_000 }),
    failing({ class: 'timeout', phase: 'unknown' }),
    failing({ class: 'timeout', phase: 'rejected', status: 504 }),
  ];
  for (const answer of answers) {
    await new FakeAttempt(step, { answer: () => answer, gates }).run(question);
  }
  expect(gates.ends).toMatchObject([
    { result: { class: 'rate_limited' }, retryAfterMs: 7_000 },
    { result: { class: 'timeout', hasty: true } },
    { result: { class: 'timeout' } },
  ]);
  expect(gates.ends[2]?.result).not.toHaveProperty('hasty');
});

function defect(): never {
  throw new Error('a defect');
}

test('a permit is given back whatever becomes of the call', async () => {
  const gates = new FakeGate();
  const ran = await new FakeAttempt(step, { answer: defect, gates }).run(question);
  expect(ran).toMatchObject({ facts: { costNanoUsd: null }, result: { ok: false } });
  expect(gates.ends).toMatchObject([{ result: { class: 'internal' } }]);
});

test('what a provider says of work that it had taken is told, and no gate stands before the question', async () => {
  const gates = new FakeGate({ admitted: false, reason: 'held', untilAtMs: 9_000 });
  const ticket = { providerJobId: 'job-7', data: null };
  const work = { startedAtMs: 400, poll: { ticket, number: 1, callback: null } };
  const pending: CallOutcome = { kind: 'pending', ticket, checkInMs: 500 };
  const outcomes = [
    pending,
    failing({ class: 'network', phase: 'not_sent' }),
    failing({ class: 'rate_limited', phase: 'rejected', retryAfterMs: 3_000 }),
    failing({ class: 'provider_internal', phase: 'finished' }),
    said,
  ];
  const results = [];
  for (const outcome of outcomes) {
    const attempt = new FakeAttempt(step, { status: () => outcome, work, gates });
    results.push((await attempt.run(question)).result.ok);
    expect(attempt.calls).toEqual([]);
  }
  expect(results).toEqual(['pending', 'pending', 'pending', false, true]);
  expect(gates.asked).toEqual([]);
  expect(gates.ends).toEqual([
    { result: { class: 'network' } },
    { result: { class: 'rate_limited' }, retryAfterMs: 3_000 },
    { result: { class: 'provider_internal' } },
    { result: 'succeeded', latencyMs: 600 },
  ]);
});

test('work that its provider has only taken says nothing about how long an answer takes', async () => {
  const gates = new FakeGate();
  const ticket = { providerJobId: 'job-7', data: null };
  const taken: CallOutcome = { kind: 'pending', ticket, checkInMs: 500 };
  await new FakeAttempt(step, { answer: () => taken, gates }).run(question);
  expect(gates.ends).toEqual([{ result: 'succeeded' }]);
});
