import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { attemptKey } from '../../src/domain/job/attempt.ts';
import type { JobEvent } from '../../src/domain/job/event.ts';
import { isTerminal } from '../../src/domain/job/job.ts';
import type { Json } from '../../src/domain/json.ts';
import { runnableCount } from '../../src/engine/due.ts';
import type { Plan } from '../../src/engine/plan/plan.ts';
import { EngineDriver, EVERYTHING } from '../support/engine-driver.ts';
import { Witness } from '../support/engine-invariants.ts';
import {
  anyDefinition,
  anyHedged,
  anyInput,
  anyScript,
  Player,
  type Move,
} from '../support/engine-player.ts';

const RUNS = process.env['PENSTOCK_TEST_SIZE'] === 'full' ? 1_000_000 : 5_000;

/** Plays a script against a job of this definition, asks the witness after every step of it, and gives the job. */
function expectGoodLife(definition: Plan, input: Json, script: readonly Move[]): EngineDriver {
  const driver = new EngineDriver(definition, {
    input,
    unusable: new Map([['dead', 'not configured']]),
    views: new Map([
      ['anthropic', { ticketSteps: ['model.chat'], reconciles: true, latencyMs: 20 }],
      ['openai', { costNanoUsdPerMTok: 7, latencyMs: 30, latencyP95Ms: 200, contextTokens: 100 }],
    ]),
    random: [0.1, 0.9, 0.5],
  });
  const player = new Player(driver);
  const witness = new Witness(driver);
  witness.check(player.charged);
  for (const move of script) {
    player.play(move);
    witness.check(player.charged);
  }
  player.playFairly();
  witness.check(player.charged);
  expect(isTerminal(driver.status)).toBe(true);
  expect(driver.dueAtMs()).toBe(Number.POSITIVE_INFINITY);
  expect(runnableCount(driver.state, driver.plan, driver.nowMs)).toBe(0);
  expect(driver.claim(EVERYTHING)).toEqual([]);
  player.reportEverythingAgain();
  witness.check(player.charged);
  return driver;
}

test('whatever happens in whatever order, E1 to E9 hold after every step of it, and the job ends', () => {
  fc.assert(
    fc.property(anyDefinition, anyInput, anyScript, (definition, input, script) => {
      expectGoodLife(definition, input, script);
    }),
    { numRuns: RUNS },
  );
}, 1_800_000);

test('so they do where second targets are asked beside those that take long', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(anyHedged, anyScript, (definition, script) => {
      const { events } = expectGoodLife(definition, {}, script);
      for (const what of hedgesIn(events)) seen.add(what);
    }),
    { numRuns: RUNS / 2 },
  );
  expect([...seen].toSorted()).toEqual([
    'attempt.declined left',
    'attempt.failed left',
    'attempt.lost left',
    'attempt.started hedge',
    'attempt.succeeded hedge',
    'attempt.superseded first',
    'attempt.superseded hedge',
  ]);
}, 1_800_000);

function keyOf(event: JobEvent): string {
  const { step = '', item = null, attempt = 0 } = event;
  return attemptKey(step, item, attempt);
}

/** What of hedges has happened in a job. */
function hedgesIn(events: readonly JobEvent[]): string[] {
  const hedges = new Set(
    events.flatMap((event) =>
      event.type === 'attempt.started' && event.data.hedgeOf !== undefined ? [keyOf(event)] : [],
    ),
  );
  return events.flatMap((event) => {
    const { type, data } = event;
    if ('leftTo' in data) return [`${type} left`];
    if (type === 'attempt.superseded')
      return [`${type} ${hedges.has(keyOf(event)) ? 'hedge' : 'first'}`];
    const isHedges =
      hedges.has(keyOf(event)) && ['attempt.started', 'attempt.succeeded'].includes(type);
    return isHedges ? [`${type} hedge`] : [];
  });
}
