import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { failureClasses } from '../../src/domain/job/failure.ts';
import type { Mode } from './fault-matrix/case.ts';
import { queueCases } from './fault-matrix/queue-cases.ts';
import { writeMatrix } from './fault-matrix/report.ts';
import { expectDecision, runCase, type Room, type Seen } from './fault-matrix/run-case.ts';
import { syncCases } from './fault-matrix/sync-cases.ts';
import { vendorCases } from './fault-matrix/vendor-cases.ts';
import { newTenant } from './support/api.ts';

/**
 * Every class of failure, in every phase and way of asking: what follows, by the history, and what was paid, by the
 * provider's own journal. Nearly all jobs are under
 * way at the same time.
 */
const cases = [...syncCases, ...queueCases, ...vendorCases].map((fault) => ({
  fault,
  title: `${fault.provider ?? fault.mode}: ${fault.class}, ${fault.phase}: ${fault.name}`,
}));

/** Cases under way at a time: more of them only wait for the machine, and run out of time there. */
const LANES = 40;

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

/** A header of a sound, and a little silence. */
const sound = Uint8Array.from(
  Buffer.concat([
    Buffer.from('RIFF\u0034\0\0\0WAVEfmt \u0010\0\0\0\u0001\0\u0001\0', 'latin1'),
    Buffer.from('401f0000803e000002001000', 'hex'),
    Buffer.from('data\u0010\0\0\0', 'latin1'),
    Buffer.alloc(16),
  ]),
);

async function newRoom(): Promise<Room> {
  const api = await newTenant();
  const sent = { raw: sound, headers: { 'content-type': 'audio/wav' } };
  const { body } = await api.send<{ id: string }>('POST', '/v1/files', undefined, sent);
  return { api, audio: body.id };
}

/** Questions about the work of two jobs cannot be told apart. */
async function oneAfterTheOther(room: Room, mode: Mode): Promise<void> {
  for (const { title, fault } of cases) {
    if (fault.questions === undefined || fault.mode !== mode) continue;
    const pair = async (): Promise<Pair> => {
      const alone = await runCase(room, fault, false);
      return [alone, await runCase(room, fault, true)];
    };
    // oxlint-disable-next-line no-await-in-loop -- that is what it is for
    await begin(title, pair());
  }
}

beforeAll(async () => {
  const room = await newRoom();
  const waiting = cases.filter(({ fault }) => fault.questions === undefined);
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { title, fault } = next;
      // oxlint-disable-next-line no-await-in-loop -- a lane takes one case after the other
      await begin(title, Promise.all([runCase(room, fault, false), runCase(room, fault, true)]));
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  await Promise.all([oneAfterTheOther(room, 'background'), oneAfterTheOther(room, 'queue')]);
}, 180_000);

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
      'budget_exceeded',
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
