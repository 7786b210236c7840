import { expect, test } from 'vitest';

import { jobIdOf, projectId } from '../../../src/domain/ids.ts';
import { makeDeltaSender } from '../../../src/services/live/delta-sender.ts';
import type { DeltaRequest } from '../../../src/services/ports/live.ts';
import { ShardDriver } from '../../support/shard-driver.ts';

const SUBJECT = {
  jobId: jobIdOf('01900000-0000-7000-8000-000000000000', 1),
  step: 'ask',
  item: null,
  attempt: 1,
};

/** A sender in a world whose clock moves when told to, and whether anybody listens there. */
function sending() {
  const driver = new ShardDriver();
  const told: (Pick<DeltaRequest, 'index' | 'text'> & { readonly atMs: number })[] = [];
  const startMs = driver.nowMs;
  const room = { listening: true, fails: false };
  const live = {
    async tell(_project: unknown, { index, text }: DeltaRequest) {
      told.push({ index, text, atMs: driver.nowMs - startMs });
      if (room.fails) throw new Error('lost');
      return { listening: room.listening };
    },
  };
  const deps = { live, machine: driver.machine(), log: () => {} };
  const sender = makeDeltaSender(deps, projectId('prj_test'), SUBJECT);
  return { driver, told, room, sender };
}

test('the first piece leaves at once, what comes soon after it goes together, the last one waits for nothing', async () => {
  const { driver, told, sender } = sending();
  sender.push('a');
  await driver.quiet();
  for (const piece of ['b', 'c']) {
    sender.push(piece);
    await driver.pass(10);
  }
  await driver.pass(200);
  sender.push('de');
  await sender.end();
  expect(told.map(({ text }) => text)).toEqual(['a', 'bc', 'de']);
  expect(told.map(({ index }) => index)).toEqual([0, 1, 2]);
  expect(told[1]?.atMs).toBe(150);
});

test('while nobody listens it is asked ever more seldom, and all that waits is told once somebody does', async () => {
  const { driver, told, room, sender } = sending();
  room.listening = false;
  for (let second = 0; second < 10; second += 1) {
    sender.push(`${second} `);
    await driver.pass(1_000);
  }
  expect(told.map(({ text, atMs }) => [text, atMs])).toEqual([
    ['0 ', 0],
    ['', 1_000],
    ['', 3_000],
    ['', 7_000],
  ]);
  room.listening = true;
  await driver.pass(10_000);
  expect(told.slice(4).map(({ text, index }) => [text, index])).toEqual([
    ['', 0],
    ['0 1 2 3 4 5 6 7 8 9 ', 0],
  ]);
});

test('a piece that may have been told is not told again: the next index shows a gap', async () => {
  const { driver, told, room, sender } = sending();
  room.fails = true;
  sender.push('lost');
  await driver.quiet();
  room.fails = false;
  sender.push('kept');
  await driver.pass(3_000);
  expect(told.map(({ text, index }) => [text, index])).toEqual([
    ['lost', 0],
    ['', 1],
    ['kept', 1],
  ]);
});

test('a shard that does not answer holds no result up', async () => {
  const { driver, sender } = sending();
  const hangs = makeDeltaSender(
    { live: { tell: () => new Promise(() => {}) }, machine: driver.machine(), log: () => {} },
    projectId('prj_test'),
    SUBJECT,
  );
  hangs.push('a');
  let over = false;
  const ending = hangs.end().then(() => {
    over = true;
  });
  await driver.pass(240);
  expect(over).toBe(false);
  await driver.pass(20);
  await ending;
  await sender.end();
});

test('text that waits is bounded: what is forgotten shows as a gap', async () => {
  const { driver, told, room, sender } = sending();
  room.listening = false;
  sender.push('a');
  await driver.quiet();
  sender.push('x'.repeat(70_000));
  sender.push('b');
  room.listening = true;
  await driver.pass(3_000);
  expect(told.at(-1)).toMatchObject({ text: 'b', index: 1 });
});
