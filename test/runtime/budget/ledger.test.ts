import { describe, expect, test } from 'vitest';

import { announcementOf } from '../../../src/runtime/budget/notices.ts';
import { LedgerWorld, START_MS, termsOf } from '../../support/ledger-world.ts';

const A = termsOf();
const UNTIL_MIDNIGHT_MS = 12 * 3_600_000;

describe('room under a hard cap', () => {
  test('is taken before a call and replaced by what it cost', () => {
    const world = new LedgerWorld();
    expect(world.reserve([A], 'a#1', 60)).toEqual({ kind: 'done' });
    expect(world.sums(A)).toEqual({ paid: 0, assumed: 0, reserved: 60, unknown: 0 });
    world.settle([A], 'a#1', 10);
    expect(world.sums(A)).toEqual({ paid: 10, assumed: 0, reserved: 0, unknown: 0 });
  });

  test('that others only hold is waited for, whatever the budget says of calls that do not fit', () => {
    const world = new LedgerWorld();
    world.reserve([A], 'a#1', 60);
    expect(world.reserve([A], 'b#1', 60)).toMatchObject({ kind: 'refused', reason: 'budget' });
    world.settle([A], 'a#1', 30);
    expect(world.reserve([A], 'b#1', 60)).toEqual({ kind: 'done' });
  });

  test.each([
    ['reject', 60, 'budget_exceeded'],
    ['cheaper', 60, 'budget_cheaper'],
    ['queue', 60, 'budget'],
    ['queue', 101, 'budget_exceeded'],
    ['queue', null, 'budget_unpriced'],
  ] as const)('%s: a call of at most %s that does not fit: %s', (onExceed, estimate, reason) => {
    const world = new LedgerWorld();
    const terms = termsOf({ onExceed });
    world.settle([terms], 'paid#1', 50);
    expect(world.reserve([terms], 'a#1', estimate)).toMatchObject({
      kind: 'refused',
      reason,
      refusal: {
        budgetId: 'bud_a',
        limitNanoUsd: 100,
        spentNanoUsd: 50,
        reservedNanoUsd: 0,
        estimateNanoUsd: estimate,
        resetsAtMs: START_MS + UNTIL_MIDNIGHT_MS,
      },
    });
    expect(world.sums(terms).reserved).toBe(0);
  });

  test('of several budgets all are asked; one that only warns refuses nothing', () => {
    const world = new LedgerWorld();
    const small = termsOf({ id: 'bud_b', limitNanoUsd: 10 });
    expect(world.reserve([A, small], 'a#1', 20)).toMatchObject({
      reason: 'budget_exceeded',
      refusal: { budgetId: 'bud_b' },
    });
    const soft = { ...small, isHard: false };
    expect(world.reserve([A, soft], 'a#1', 20)).toEqual({ kind: 'done' });
    expect(world.reserve([soft], 'b#1', null)).toEqual({ kind: 'done' });
  });
});

describe('what nobody reports', () => {
  test('is no longer reserved after its time, and stays as spent until a late bill replaces it', () => {
    const world = new LedgerWorld();
    world.reserve([A], 'a#1', 60, 30_000);
    world.pass(60_000);
    expect(world.alarmsSet).toBeGreaterThan(0);
    expect(world.sums(A)).toEqual({ paid: 0, assumed: 60, reserved: 0, unknown: 1 });
    expect(world.reserve([A], 'b#1', 50)).toMatchObject({ reason: 'budget_exceeded' });
    world.pass(3_600_000);
    world.settle([A], 'a#1', 7);
    expect(world.sums(A)).toEqual({ paid: 7, assumed: 0, reserved: 0, unknown: 0 });
  });

  test('never becomes nothing: a cost that stays unknown is the estimate', () => {
    const world = new LedgerWorld();
    world.reserve([A], 'a#1', 60);
    world.settle([A], 'a#1', null);
    world.settle([A], 'a#1', null);
    expect(world.sums(A)).toEqual({ paid: 0, assumed: 60, reserved: 0, unknown: 1 });
  });

  test('goes with the attempt that adopts the work at the provider', () => {
    const world = new LedgerWorld();
    world.reserve([A], 'a#1', 60, 1_000);
    world.pass(60_000);
    const adopt = { kind: 'adopt', key: 'a#2', from: 'a#1', budgets: ['bud_a'] } as const;
    world.order([A], { ...adopt, estimateNanoUsd: 60, forMs: 60_000 });
    expect(world.sums(A)).toEqual({ paid: 0, assumed: 0, reserved: 60, unknown: 0 });
    world.settle([A], 'a#2', 20);
    world.pass(120_000);
    expect(world.sums(A)).toEqual({ paid: 20, assumed: 0, reserved: 0, unknown: 0 });
  });
});

test.each([['the end first'], ['the adoption twice']])(
  'work that another attempt takes over counts once, whatever comes first: %s',
  (order) => {
    const world = new LedgerWorld();
    const adopt = { kind: 'adopt', key: 'a#2', from: 'a#1', budgets: ['bud_a'] } as const;
    world.reserve([A], 'a#1', 60);
    if (order === 'the adoption twice')
      world.order([A], { ...adopt, estimateNanoUsd: 60, forMs: 60_000 });
    world.settle([A], 'a#2', 20);
    world.order([A], { ...adopt, estimateNanoUsd: 60, forMs: 60_000 });
    world.pass(120_000);
    expect(world.sums(A)).toEqual({ paid: 20, assumed: 0, reserved: 0, unknown: 0 });
  },
);

describe('a period', () => {
  test('begins anew at midnight UTC; a call counts in the one in which it began', () => {
    const world = new LedgerWorld();
    world.pass(UNTIL_MIDNIGHT_MS - 1_000);
    world.reserve([A], 'a#1', 90);
    world.pass(1_000);
    expect(world.sums(A)).toEqual({ paid: 0, assumed: 0, reserved: 0, unknown: 0 });
    expect(world.reserve([A], 'b#1', 100)).toEqual({ kind: 'done' });
    world.settle([A], 'a#1', 80);
    world.settle([A], 'b#1', 30);
    expect(world.sums(A).paid).toBe(30);
  });

  test('is warned of once a threshold, and told of once when a call is refused', () => {
    const world = new LedgerWorld();
    const terms = termsOf({ warnAt: [0.5, 0.8] });
    for (const [key, cost] of [
      ['a#1', 40],
      ['b#1', 20],
      ['c#1', 25],
      ['d#1', 10],
    ] as const) {
      world.settle([terms], key, cost);
      world.restart();
    }
    world.reserve([terms], 'e#1', 90);
    world.reserve([terms], 'f#1', 90);
    expect(world.notices.map(({ threshold }) => threshold)).toEqual([0.5, 0.8, null]);
    world.pass(UNTIL_MIDNIGHT_MS);
    world.settle([terms], 'g#1', 60);
    expect(world.notices).toHaveLength(4);
  });

  test('is told of once its limit is spent, though no call was refused', () => {
    const world = new LedgerWorld();
    const [hard, soft] = [termsOf({ id: 'bud_h' }), termsOf({ id: 'bud_s', isHard: false })];
    world.reserve([hard, soft], 'a#1', 60);
    world.settle([hard, soft], 'a#1', 110);
    world.settle([hard, soft], 'b#1', 5);
    const told = world.notices.map(({ terms, threshold }) => [terms.id, threshold]);
    expect(told).toEqual([['bud_h', null]]);
  });

  test('is told of when its limit was lowered below what is spent, or when nobody reported in time', () => {
    const world = new LedgerWorld();
    const terms = termsOf({ warnAt: [0.5] });
    world.settle([terms], 'a#1', 40);
    world.ledger.standing([{ ...terms, limitNanoUsd: 30 }]);
    world.ledger.standing([{ ...terms, limitNanoUsd: 30 }]);
    expect(world.notices.map(({ threshold }) => threshold)).toEqual([0.5, null]);
    world.reserve([terms], 'b#1', 20, 1_000);
    world.pass(60_000);
    world.ledger.standing([terms]);
    expect(world.notices).toHaveLength(3);
  });

  test('is warned of anew when its limit was changed, under a name of its own', () => {
    const world = new LedgerWorld();
    const terms = termsOf({ warnAt: [0.501, 0.504] });
    world.settle([terms], 'a#1', 60);
    const raised = { ...terms, limitNanoUsd: 1_000 };
    world.settle([raised], 'b#1', 40);
    expect(world.notices).toHaveLength(2);
    world.settle([raised], 'c#1', 420);
    world.settle([raised], 'd#1', 1);
    world.restart();
    world.settle([raised], 'e#1', 1);
    expect(world.notices.map(({ threshold }) => threshold)).toEqual([0.501, 0.504, 0.501, 0.504]);
    const ids = world.notices.map((notice) => announcementOf('prj_a' as never, notice).id);
    expect(new Set(ids).size).toBe(4);
  });
});

test('a notice that nobody takes is told again, though the object dies, and under the same id', () => {
  const world = new LedgerWorld();
  const terms = termsOf({ warnAt: [0.5] });
  const ids = () => world.notices.map((notice) => announcementOf('prj_a' as never, notice));
  world.takesNotices = false;
  world.settle([terms], 'a#1', 60);
  world.restart();
  world.settle([terms], 'b#1', 1);
  expect(world.notices).toHaveLength(1);
  world.pass(120_000);
  world.takesNotices = true;
  world.pass(120_000);
  expect(world.notices.length).toBeGreaterThan(2);
  expect(new Set(ids().map((told) => JSON.stringify(told))).size).toBe(1);
  expect(world.db.count('notices')).toBe(0);
  const told = world.notices.length;
  world.takesNotices = false;
  world.settle([{ ...terms, limitNanoUsd: 90 }], 'c#1', 1);
  world.pass(3 * 86_400_000);
  expect(world.notices.length).toBeGreaterThan(told);
  expect(world.db.count('notices')).toBe(0);
});

test('what is stored is folded into sums, and a budget that is deleted leaves nothing', () => {
  const world = new LedgerWorld();
  const month = termsOf({ period: 'month', limitNanoUsd: 1_000 });
  for (let call = 0; call < 200; call += 1) {
    world.reserve([month], `a#${call}`, 3);
    world.settle([month], `a#${call}`, 2);
  }
  world.pass(3_600_000);
  expect(world.db.count('pages')).toBe(0);
  world.restart();
  expect(world.sums(month).paid).toBe(400);
  world.reserve([month], 'open#1', 3);
  world.ledger.forget(month.id);
  world.restart();
  expect(world.sums(month)).toEqual({ paid: 0, assumed: 0, reserved: 0, unknown: 0 });
  expect(world.db.count('sums')).toBe(0);
});

test('an attempt that reserves and settles alone writes two rows, and settled together they share them', () => {
  const world = new LedgerWorld();
  world.reserve([A], 'warm#1', 1);
  const before = world.db.rowsWritten;
  world.reserve([A], 'a#1', 1);
  world.settle([A], 'a#1', 1);
  expect(world.db.rowsWritten - before).toBe(2);
});
