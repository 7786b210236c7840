import { describe, expect, test } from 'vitest';

import type { JobId } from '../../../src/domain/ids.ts';
import { utf8Bytes, type Json } from '../../../src/domain/json.ts';
import { foldEvent, unbornState } from '../../../src/engine/fold/fold.ts';
import { controlValues } from '../../../src/services/values/control-values.ts';
import type { ReusedOutput, SubmitRequest } from '../../../src/services/ports/job-shard/submit.ts';
import { planOf, type DefinitionBody } from '../../support/engine-driver.ts';
import { ShardDriver, sha256 } from '../../support/shard-driver.ts';

const steps: DefinitionBody['steps'] = [
  { id: 'list', uses: 'data.compose', for_each: '${{ input.items }}' },
  { id: 'pause', uses: 'data.compose' },
  { id: 'each', uses: 'data.compose', for_each: '${{ steps.list.output }}', needs: ['pause'] },
  { id: 'end', uses: 'data.compose', if: '${{ steps.list.output[1].n == 2 }}', needs: ['each'] },
];
const body: DefinitionBody = { steps, output: { list: '${{ steps.list.output }}' } };
const VALUES: Json = [{ n: 1 }, { n: 2 }, { n: 3 }];

/** An output as the service hands it over: small, or as an object in R2. */
function reused(driver: ShardDriver, jobId: JobId, step: string, value: Json): ReusedOutput {
  const control = controlValues(planOf(body).byId.get(step)?.reports ?? [], value, 3);
  if (!control.ok) throw new Error(control.failure.message);
  const text = JSON.stringify(value);
  const measured = { bytes: utf8Bytes(text), sha256: sha256(text) };
  if (measured.bytes <= 256 * 1024) {
    const stored = { at: 'row' as const, key: `output/${step}`, ...measured };
    return { step, output: { stored, value }, control: control.values };
  }
  const key = `prj_test/${jobId}/reused/${step}/value.json`;
  driver.objects.set(key, text);
  return { step, output: { stored: { at: 'r2', key, ...measured } }, control: control.values };
}

function rerun(driver: ShardDriver, list: Json = VALUES): SubmitRequest {
  const request = driver.request(body, { input: { items: [1, 2, 3] }, key: 'again' });
  const { birth } = request;
  return {
    ...request,
    birth: { ...birth, rerunOf: { jobId: birth.id, fromStep: 'each' } },
    reused: [reused(driver, birth.id, 'list', list), { step: 'pause', output: null, control: {} }],
  };
}

function submit(driver: ShardDriver, request: SubmitRequest): JobId {
  const answer = driver.shard.submit(request);
  if (answer.kind !== 'created') throw new Error(answer.kind);
  return answer.snapshot.state.birth.id;
}

/** E9 */
function expectReplayable(driver: ShardDriver, jobId: JobId): void {
  const state = driver.state(jobId);
  const unborn = unbornState(state.birth, Object.keys(state.steps));
  expect(driver.events(jobId).reduce(foldEvent, unborn)).toEqual(state);
}

describe('a job that takes outputs over', () => {
  test('begins after them, and its events tell its state', () => {
    const driver = new ShardDriver();
    const jobId = submit(driver, rerun(driver));
    expect(driver.events(jobId).map(({ type, step }) => [type, step])).toEqual([
      ['job.queued', undefined],
      ['step.succeeded', 'list'],
      ['step.succeeded', 'pause'],
      ['step.queued', 'each'],
    ]);
    expectReplayable(driver, jobId);
    expect(driver.state(jobId).steps['list']).toMatchObject({
      phase: { status: 'succeeded', reused: true },
      attempts: [],
      cost: { nanoUsd: 0, unpricedAttempts: 0 },
    });
    expect(driver.claim(jobId)).toEqual(['each[0]#1', 'each[1]#1', 'each[2]#1']);
    driver.restart();
    for (const item of [0, 1, 2]) driver.succeed(jobId, `each[${item}]#1`);
    expect(driver.finish(jobId).status).toBe('succeeded');
    expect(driver.state(jobId).steps['end']?.phase.status).toBe('succeeded');
    expectReplayable(driver, jobId);
    expect(driver.snapshot(jobId)).toMatchObject({
      outputReads: [{ kind: 'value', value: VALUES }],
      payloads: {
        steps: { list: { kind: 'value', value: VALUES }, pause: { kind: 'value', value: null } },
      },
    });
  });

  test('sees places that are not in them as absent, wherever they lie', () => {
    const driver = new ShardDriver();
    const jobId = submit(driver, rerun(driver, [{ n: 1, text: 'x'.repeat(300_000) }]));
    driver.claim(jobId);
    driver.succeed(jobId, 'each[0]#1');
    const state = driver.finish(jobId);
    expect(state.steps['end']?.phase).toMatchObject({
      status: 'failed',
      failure: { class: 'expression_failed' },
    });
    expectReplayable(driver, jobId);
  });

  test('is created once, with its objects, which go when it goes', async () => {
    const driver = new ShardDriver();
    const request = rerun(driver, [{ n: 1 }, { n: 2, text: 'x'.repeat(300_000) }]);
    const jobId = submit(driver, request);
    expect(submit(driver, request)).toBe(jobId);
    const again = rerun(driver);
    const other = driver.shard.submit({ ...again, idempotency: request.idempotency });
    expect(other).toMatchObject({
      kind: 'replayed',
      snapshot: { state: { birth: { id: jobId } } },
    });
    driver.finish(jobId);
    await driver.settleHistory();
    expect([...driver.objects.keys()].some((key) => key.includes(jobId))).toBe(true);
    await driver.pass(8 * 86_400_000);
    expect([...driver.objects.keys()].some((key) => key.includes(jobId))).toBe(false);
  });
});

function limited(driver: ShardDriver, cancelAfterMs: number): JobId {
  const request = driver.request({ steps: [{ id: 'a', uses: 'data.compose' }] });
  return submit(driver, { ...request, birth: { ...request.birth, cancelAfterMs } });
}

describe('a job with a Cancel-After', () => {
  test('that nobody works on is cancelled at that moment, also by a cold object', async () => {
    const driver = new ShardDriver();
    driver.coldAlarms = true;
    const jobId = limited(driver, 45_000);
    await driver.pass(44_999);
    expect(driver.isOver(jobId)).toBe(false);
    await driver.pass(1);
    expect(driver.state(jobId)).toMatchObject({
      status: 'cancelled',
      reason: { message: 'cancelled by cancel-after' },
    });
    expectReplayable(driver, jobId);
  });

  test('that is being worked on starts nothing more and ends with what runs', async () => {
    const driver = new ShardDriver();
    const jobId = limited(driver, 5_000);
    const keys = driver.claim(jobId);
    await driver.pass(5_000);
    expect(driver.state(jobId).status).toBe('cancelling');
    expect(driver.shard.renew({ jobId, keys }).cancel).toEqual(keys);
    driver.settle(jobId, driver.failed('a#1', { class: 'cancelled' }));
    expect(driver.state(jobId).status).toBe('cancelled');
    expectReplayable(driver, jobId);
  });

  test('that is over before stays as it is', async () => {
    const driver = new ShardDriver();
    const jobId = limited(driver, 5_000);
    driver.finish(jobId);
    await driver.pass(60_000);
    expect(driver.state(jobId).status).toBe('succeeded');
  });
});
