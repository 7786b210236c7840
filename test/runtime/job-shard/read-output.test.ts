import { describe, expect, test } from 'vitest';

import type { JobId } from '../../../src/domain/ids.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import { sha256, ShardDriver } from '../../support/shard-driver.ts';

const HOUR = 3_600_000;
const body: DefinitionBody = {
  steps: [
    { id: 'a', uses: 'data.compose' },
    { id: 'large', uses: 'data.compose' },
    { id: 'm', uses: 'data.compose', for_each: '${{ [1, 2] }}' },
  ],
  retention: { payloads: '2h', history: '10d' },
};

const outputs: Readonly<Record<string, string>> = {
  a: 'x',
  large: 'y'.repeat(300_000),
  'm[0]': 'z',
  'm[1]': 'w'.repeat(20_000),
};

function finished(): { readonly driver: ShardDriver; readonly jobId: JobId } {
  const driver = new ShardDriver();
  const jobId = driver.create(body);
  driver.finish(jobId, ({ key }) => outputs[key.replace(/#\d+$/, '')] ?? null);
  return { driver, jobId };
}

function read(driver: ShardDriver, jobId: JobId, step: string, item: number | null) {
  const text = JSON.stringify(outputs[item === null ? step : `${step}[${item}]`]);
  return driver.shard.readOutput({ jobId, step, item, sha256: sha256(text) });
}

describe('a recorded output', () => {
  test('is read wherever it lies', () => {
    const { driver, jobId } = finished();
    expect(read(driver, jobId, 'a', null)).toMatchObject({ value: 'x' });
    expect(read(driver, jobId, 'm', 0)).toMatchObject({ value: 'z' });
    expect(read(driver, jobId, 'm', 1)).toMatchObject({ value: outputs['m[1]'] });
    const large = read(driver, jobId, 'large', null);
    expect(large).toMatchObject({ stored: { at: 'r2' } });
    expect(large?.value).toBeUndefined();
    driver.restart();
    expect(read(driver, jobId, 'a', null)).toMatchObject({ value: 'x' });
  });

  test('is none that is another one, or of nobody', () => {
    const { driver, jobId } = finished();
    const { shard } = driver;
    const some = { jobId, step: 'a', item: null, sha256: sha256('"x"') };
    expect(shard.readOutput({ ...some, sha256: sha256('"y"') })).toBeNull();
    expect(shard.readOutput({ ...some, step: 'nobody' })).toBeNull();
    expect(shard.readOutput({ ...some, step: 'constructor' })).toBeNull();
    expect(shard.readOutput({ ...some, step: 'm', item: 9 })).toBeNull();
    expect(shard.readOutput({ ...some, step: 'm' })).toBeNull();
    expect(shard.readOutput({ ...some, jobId: driver.newJobId() })).toBeNull();
  });

  test('is gone with the payloads of its job, and with the job', async () => {
    const { driver, jobId } = finished();
    await driver.settleHistory();
    await driver.pass(4 * HOUR);
    expect(driver.snapshot(jobId).payloadsErased).toBe(true);
    const places = [['a', null] as const, ['large', null] as const, ['m', 0] as const];
    const left = () => places.map(([step, item]) => read(driver, jobId, step, item));
    expect(left()).toEqual([null, null, null]);
    await driver.pass(11 * 24 * HOUR);
    expect(driver.db.count('jobs')).toBe(0);
    expect(left()).toEqual([null, null, null]);
  });
});
