import { expect, test } from 'vitest';

import { holdPlace } from '../../../src/services/run/calls/hold-place.ts';
import { makeSlots } from '../../../src/services/run/turn/slots.ts';

const { signal: calm } = new AbortController();

test('a place is given back once, and taken again once', async () => {
  const slots = makeSlots(1);
  slots.take(1);
  const place = holdPlace(slots, true, calm);
  place.release();
  place.release();
  expect(slots.take(2)).toBe(1);
  slots.give(1);
  await place.again();
  await place.again();
  expect(slots.take(1)).toBe(0);
  place.release();
  expect(slots.take(2)).toBe(1);
});

test('a place is waited for behind those who came before', async () => {
  const slots = makeSlots(1);
  slots.take(1);
  const place = holdPlace(slots, true, calm);
  place.release();
  const first = slots.queue();
  const again = place.again();
  expect(first.hasCome()).toBe(true);
  slots.give(1);
  await again;
  expect(slots.take(1)).toBe(0);
});

test('who is aborted while he waits holds none, and takes none from others', async () => {
  const slots = makeSlots(1);
  slots.take(1);
  const abort = new AbortController();
  const place = holdPlace(slots, true, abort.signal);
  place.release();
  slots.take(1);
  const again = place.again();
  abort.abort('cancel');
  await again;
  place.release();
  slots.give(1);
  expect(slots.take(2)).toBe(1);
});

test('what needs no connection takes none', async () => {
  const slots = makeSlots(1);
  const place = holdPlace(slots, false, calm);
  place.release();
  await place.again();
  expect(slots.take(2)).toBe(1);
});
