import { attemptKey } from '../../../domain/job/attempt.ts';
import type { StoredValue } from '../../../domain/job/stored-value.ts';
import type { Settled } from '../../../engine/attempts/settlement.ts';
import type { NextAnswer, SettlementReport } from '../../ports/job-shard/turn.ts';
import type { AfterSettling } from '../attempt.ts';

/** What attempts of a turn want done once the shard has answered their reports. */
export type Afterwards = {
  note(attemptKey: string, then: AfterSettling): void;
  /** Does what waits for these reports; null when the shard did not answer. */
  answered(reports: readonly SettlementReport[], answer: NextAnswer | null): Promise<void>;
};

export function makeAfterwards(): Afterwards {
  const waiting = new Map<string, AfterSettling>();
  return {
    note: (key, then) => {
      waiting.set(key, then);
    },
    async answered(reports, answer) {
      const begun = reports.flatMap((report, index) => {
        const key = attemptKey(report.step, report.item, report.attempt);
        const then = waiting.get(key);
        waiting.delete(key);
        return then === undefined ? [] : [then(recordedOf(report, answer?.settled[index]))];
      });
      await Promise.all(begun);
    },
  };
}

/** A report that is repeated was taken when it first came. */
function recordedOf(
  { outcome }: SettlementReport,
  settled: Settled | undefined,
): StoredValue | null {
  if (outcome.ok !== true) return null;
  return settled === 'used' || settled === 'repeated' ? outcome.output.stored : null;
}
