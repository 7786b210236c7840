import { describe, expect, test } from 'vitest';

import type { JobId } from '../../../src/domain/ids.ts';
import type { DeclineReason } from '../../../src/domain/model/target-gate.ts';
import type { SettlementReport } from '../../../src/services/ports/job-shard/turn.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import { ShardDriver } from '../../support/shard-driver.ts';

const A = { provider: 'openai', model: 'a' };

function chat(reAsk = 0): DefinitionBody {
  return {
    steps: [
      {
        id: 'ask',
        uses: 'model.chat',
        route: { targets: [A] },
        check: { schema: {}, re_ask: reAsk },
      },
    ],
    timeouts: { job: '10h' },
  };
}

function declined(
  driver: ShardDriver,
  attempt: number,
  reason: DeclineReason,
  inMs = 20_000,
): SettlementReport {
  return {
    step: 'ask',
    item: null,
    attempt,
    facts: { latencyMs: 1, costNanoUsd: 0 },
    outcome: { ok: 'declined', reason, untilAtMs: driver.nowMs + inMs },
  };
}

function begun(body: DefinitionBody = chat()): { driver: ShardDriver; jobId: JobId } {
  const driver = new ShardDriver();
  const jobId = driver.create(body);
  driver.claim(jobId, { hinted: true });
  return { driver, jobId };
}

describe('a job whose attempt was declined', () => {
  test.each([
    ['rate_limit', { kind: 'rate_limit', key: 'ask' }],
    ['concurrency', { kind: 'rate_limit', key: 'ask' }],
    ['cooling_down', { kind: 'rate_limit', key: 'ask' }],
    ['circuit_open', { kind: 'provider', key: 'openai' }],
    ['held', { kind: 'provider', key: 'openai' }],
  ] as const)('for %s says what it waits for and until when', (reason, waitingOn) => {
    const { driver, jobId } = begun();
    driver.settle(jobId, declined(driver, 1, reason));
    const found = driver.snapshot(jobId).waitingOn;
    expect(found).toMatchObject(waitingOn);
    expect((found?.untilAtMs ?? 0) - driver.nowMs).toBeGreaterThanOrEqual(20_000);
  });

  test('is woken when it is worth asking again, also after its object forgot everything', async () => {
    const { driver, jobId } = begun();
    driver.settle(jobId, declined(driver, 1, 'circuit_open'));
    driver.restart();
    driver.wakes = [];
    await driver.pass(26_000);
    expect(driver.wakes.length).toBeGreaterThan(0);
    expect(driver.claim(jobId, { hinted: true })).toEqual(['ask#2']);
  });

  test('leaves no model call in the history, and the same state when its report comes twice', async () => {
    const { driver, jobId } = begun();
    const report = declined(driver, 1, 'held');
    driver.settle(jobId, report);
    const before = driver.state(jobId);
    expect(driver.settle(jobId, report).settled).toEqual(['repeated']);
    expect(driver.state(jobId)).toEqual(before);
    await driver.settleHistory();
    expect(driver.recorded.get(jobId)?.calls ?? []).toEqual([]);
  });

  test('shows the model its mistake all the same, when it was to be asked again', async () => {
    const { driver, jobId } = begun(chat(2));
    const failure = { class: 'output_invalid', phase: 'finished', violations: [] } as const;
    driver.settle(jobId, driver.failed('ask#1', failure, {}, 'nonsense'));
    driver.claim(jobId);
    driver.settle(jobId, declined(driver, 2, 'cooling_down', 1_000));
    await driver.pass(5_000);
    const { work } = driver.next(jobId);
    expect(work[0]).toMatchObject({ key: 'ask#3', reAsk: { rejected: 'nonsense' } });
  });
});
