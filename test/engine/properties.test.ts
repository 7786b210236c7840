import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { isTerminal } from '../../src/domain/job.ts';
import { runnableCount } from '../../src/engine/due.ts';
import { EngineDriver, EVERYTHING } from '../support/engine-driver.ts';
import { Witness } from '../support/engine-invariants.ts';
import { anyDefinition, anyInput, anyScript, Player } from '../support/engine-player.ts';

const RUNS = process.env['PENSTOCK_TEST_SIZE'] === 'full' ? 1_000_000 : 5_000;

test('whatever happens in whatever order, E1 to E9 hold after every step of it, and the job ends', () => {
  fc.assert(
    fc.property(anyDefinition, anyInput, anyScript, (definition, input, script) => {
      const unusable = new Map([['dead', 'not configured']]);
      const driver = new EngineDriver(definition, {
        input,
        unusable,
        views: new Map([
          ['anthropic', { ticketSteps: ['model.chat'], reconciles: true, latencyMs: 20 }],
          ['openai', { costNanoUsdPerMTok: 7, latencyMs: 30, contextTokens: 100 }],
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
    }),
    { numRuns: RUNS },
  );
}, 1_800_000);
