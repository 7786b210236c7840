import { declineReasons } from '../../../src/domain/model/target-gate.ts';
import type { TargetGates } from '../../../src/services/ports/targets/target-gates.ts';
import { never, type Faults, type Process } from './faults.ts';
import type { Clock } from './clock.ts';
import type { Random } from './random.ts';

export type GatesParts = {
  readonly clock: Clock;
  readonly random: Random;
  readonly faults: Faults;
};

/** Gates that let calls through as they like, and all of them in a fair world. */
export function makeMoodyGates(
  process: Process,
  { clock, random, faults }: GatesParts,
): TargetGates {
  return {
    async admit(target, { estimatedTokens }) {
      await clock.after(random.pick([0, 0, 5, 1_500]));
      if (!process.alive) return never();
      if (faults.fair || random.chance(0.75)) {
        return { admitted: true, permit: { target, estimatedTokens, epoch: 1, urgent: false } };
      }
      const inMs = random.pick([-60_000, 0, 300, 5_000, 60_000, 3_600_000]);
      const because = random.pick(['overloaded', 'auth', null] as const);
      return {
        admitted: false,
        reason: random.pick(declineReasons),
        ...(because === null ? {} : { because }),
        untilAtMs: clock.nowMs + inMs,
      };
    },
    settle: async () => {
      await clock.after(random.pick([0, 0, 500]));
      if (!process.alive) await never();
    },
    renew: async () => {},
    report: async () => {},
    catchUp: async () => {},
    measures: () => [],
  };
}
