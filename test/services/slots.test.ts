import { expect, test } from 'vitest';

import { makeSlots } from '../../src/services/run/slots.ts';

test('never more places are taken than there are', () => {
  const slots = makeSlots(6);
  expect([slots.take(4), slots.take(4), slots.take(1)]).toEqual([4, 2, 0]);
  slots.give(1);
  expect(slots.take(3)).toBe(1);
});

test('whoever waits hears of the first place that becomes free', async () => {
  const slots = makeSlots(1);
  slots.take(1);
  const heard: string[] = [];
  const first = slots.free().then(() => heard.push('first'));
  const second = slots.free().then(() => heard.push('second'));
  slots.give(1);
  await Promise.all([first, second]);
  expect(heard).toEqual(['first', 'second']);
  await slots.free();
});

test('giving back nothing wakes nobody', async () => {
  const slots = makeSlots(1);
  slots.take(1);
  let woken = false;
  const waiting = slots.free().then(() => {
    woken = true;
  });
  slots.give(0);
  await Promise.resolve();
  expect(woken).toBe(false);
  slots.give(1);
  await waiting;
  expect(woken).toBe(true);
});
