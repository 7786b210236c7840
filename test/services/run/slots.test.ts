import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { makeSlots, type Ticket } from '../../../src/services/run/turn/slots.ts';

test('never more places are taken than there are', () => {
  const slots = makeSlots(6);
  expect([slots.take(4), slots.take(4), slots.take(1)]).toEqual([4, 2, 0]);
  slots.give(1);
  expect(slots.take(3)).toBe(1);
});

test('whoever finds a free place need not wait', async () => {
  const slots = makeSlots(1);
  const ticket = slots.queue();
  expect(ticket.hasCome()).toBe(true);
  await ticket.come;
  expect(slots.take(1)).toBe(0);
});

test('a place calls exactly one of those who wait, in their order', async () => {
  const slots = makeSlots(1);
  slots.take(1);
  const line = [slots.queue(), slots.queue()];
  slots.give(1);
  await line[0]?.come;
  expect(line.map((ticket) => ticket.hasCome())).toEqual([true, false]);
  expect(slots.take(1)).toBe(0);
  slots.give(1);
  await line[1]?.come;
  expect(slots.take(1)).toBe(0);
});

test('who leaves the line passes on the place that has come', async () => {
  const slots = makeSlots(1);
  slots.take(1);
  const [first, second] = [slots.queue(), slots.queue()];
  slots.give(1);
  first.leave();
  first.leave();
  await second.come;
  second.leave();
  expect(slots.take(2)).toBe(1);
});

test('who leaves before a place comes is not called', () => {
  const slots = makeSlots(1);
  slots.take(1);
  const ticket = slots.queue();
  ticket.leave();
  slots.give(1);
  expect(ticket.hasCome()).toBe(false);
  expect(slots.take(2)).toBe(1);
});

function hasCome(ticket: Ticket | undefined): boolean {
  return ticket?.hasCome() ?? false;
}

const TOTAL = 3;
const moves = fc.array(
  fc.record({
    move: fc.constantFrom('take', 'queue', 'give', 'use', 'leave'),
    number: fc.nat({ max: 7 }),
  }),
  { maxLength: 80 },
);

/**
 * Whatever is done in whatever order: places are neither lost nor made, none is free while somebody waits, and the
 * line is served in the order in which it came.
 */
test('no place is lost, made, or given out of turn', () => {
  fc.assert(
    fc.property(moves, (script) => {
      const slots = makeSlots(TOTAL);
      let held = 0;
      let line: Ticket[] = [];
      for (const { move, number } of script) {
        const ticket = line[number % Math.max(1, line.length)];
        const uses = move === 'use' && hasCome(ticket);
        const gives = move === 'give' && held > 0;
        if (move === 'take') held += slots.take(number);
        if (move === 'queue') line.push(slots.queue());
        if (move === 'leave') ticket?.leave();
        if (move === 'leave' || uses) line = line.filter((other) => other !== ticket);
        if (gives) slots.give(1);
        held += Number(uses) - Number(gives);

        const called = line.filter(hasCome).length;
        const outside = held + called;
        expect(outside).toBeLessThanOrEqual(TOTAL);
        expect(called === line.length || outside === TOTAL).toBe(true);
        expect(line.map(hasCome)).toEqual(line.map((_, index) => index < called));
      }
      for (const ticket of line) ticket.leave();
      slots.give(held);
      expect(slots.take(TOTAL + 1)).toBe(TOTAL);
    }),
  );
});
