import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { failureClasses } from '../../src/domain/failure.ts';
import type { Mode } from './fault-matrix/case.ts';
import { queueCases } from './fault-matrix/queue-cases.ts';
import { writeMatrix } from './fault-matrix/report.ts';
import { expectDecision, runCase, type Seen } from './fault-matrix/run-case.ts';
import { syncCases } from './fault-matrix/sync-cases.ts';
import { newTenant, type Tenant } from './support/api.ts';

/**
 * Every class of failure, in every phase and way of asking: what follows, by the history, and what was paid, by the
 * provider's own journal. Nearly all jobs are under
 * way at the same time.
 */
const cases = [...syncCases, ...queueCases].map((fault) => ({
  fault,
  title: `${fault.mode}: ${fault.class}, ${fault.phase}: ${fault.name}`,
}));

type Pair = readonly [Seen, Seen];
const seen = new Map<string, Promise<Pair>>();

async function seenOf(title: string): Promise<Pair> {
  const pair = await seen.get(title);
  if (pair === undefined) throw new Error(`${title} did not run`);
  return pair;
}

function begin(title: string, pair: Promise<Pair>): Promise<unknown> {
  seen.set(title, pair);
  // Looked at by its own test.
  return pair.catch(() => undefined);
}

/** Questions about the work of two jobs cannot be told apart. */
async function oneAfterTheOther(api: Tenant, mode: Mode): Promise<void> {
  for (const { title, fault } of cases) {
    if (fault.questions === undefined || fault.mode !== mode) continue;
    const pair = async (): Promise<Pair> => {
      const alone = await runCase(api, fault, false);
      return [alone, await runCase(api, fault, true)];
    };
    // oxlint-disable-next-line no-await-in-loop -- that is what it is for
    await begin(title, pair());
  }
}

beforeAll(async () => {
  const api = await newTenant();
  const together = cases.filter(({ fault }) => fault.questions === undefined);
  await Promise.all(
    together.map(({ title, fault }) =>
      begin(title, Promise.all([runCase(api, fault, false), runCase(api, fault, true)])),
    ),
  );
  await Promise.all([oneAfterTheOther(api, 'background'), oneAfterTheOther(api, 'queue')]);
}, 120_000);

describe('what follows a failure', () => {
  test.each(cases)('$title', async ({ title, fault }) => {
    const [alone, withNext] = await seenOf(title);
    expectDecision(fault, fault.alone, alone);
    expectDecision(fault, fault.withNext, withNext);
  });

  test('every class that a provider can cause is in the table', () => {
    const elsewhere = new Set([
      'cancelled',
      'lost',
      'expression_failed',
      'step_input_invalid',
      'value_too_large',
      'internal',
      'child_failed',
    ]);
    const covered = new Set(cases.map(({ fault }) => fault.class));
    expect(failureClasses.filter((name) => !covered.has(name) && !elsewhere.has(name))).toEqual([]);
  });
});

afterAll(async () => {
  const path = process.env['PENSTOCK_MATRIX_REPORT'];
  if (path === undefined || path === '') return;
  const rows = await Promise.all(
    cases.map(async ({ title, fault }) => {
      const [alone, withNext] = await seenOf(title);
      return { fault, alone, withNext };
    }),
  );
  writeMatrix(path, rows);
});
