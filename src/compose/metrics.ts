import type { HttpDeps } from '../http/deps.ts';
import { makeFeedback } from '../runtime/d1/feedback.ts';
import { machine } from '../runtime/machine.ts';
import { makeBacklogs } from '../runtime/metrics/backlogs.ts';
import { makeFactArchive } from '../runtime/metrics/fact-archive.ts';
import { makeMetricsStore } from '../runtime/metrics/metrics-store.ts';
import { showingFeedback } from '../runtime/telemetry/fact-points.ts';
import { DAY_MS } from '../services/metrics/facts/fact.ts';
import type { RollUpDeps } from '../services/metrics/rollup/run-roll-up.ts';
import type { Log } from '../services/ports/log.ts';
import { KEPT_DAYS_MAX } from './measuring-problems.ts';
import { namedQueues } from './queues.ts';
import { countUpTo, isMeasured } from './settings.ts';

/** Days that facts stay in D1, minutes are kept, and hours are kept, unless settings say otherwise. */
const FACT_DAYS = 7;
const MINUTE_DAYS = 14;
const HOUR_DAYS = 5 * 366;

/** What sums up measurements, out of the settings `METRIC_FACT_DAYS`, `METRIC_MINUTE_DAYS` and `METRIC_HOUR_DAYS`. */
export function metricsOf(
  env: Pick<Env, 'DB' | 'OBJECTS'>,
  setting: (name: string) => string | undefined,
  log: Log,
): RollUpDeps {
  const days = (name: string, usual: number): number =>
    (countUpTo(KEPT_DAYS_MAX, setting(name)) ?? usual) * DAY_MS;
  const kept = {
    factsKeptMs: days('METRIC_FACT_DAYS', FACT_DAYS),
    minutesKeptMs: days('METRIC_MINUTE_DAYS', MINUTE_DAYS),
    hoursKeptMs: days('METRIC_HOUR_DAYS', HOUR_DAYS),
  };
  const archive = makeFactArchive(env.OBJECTS);
  const store = makeMetricsStore({
    db: env.DB,
    archive,
    nowMs: () => machine.nowMs(),
    newId: () => machine.newUuid(),
  });
  return { store, log, nowMs: () => machine.nowMs(), ...kept };
}

/** What the doors ask of measurements. */
export type Measures = Pick<HttpDeps, 'metrics' | 'backlogs' | 'feedback'>;

export function measuresOf(
  env: Env,
  { store, ...kept }: RollUpDeps,
  setting: (name: string) => string | undefined,
): Measures {
  const backlogs = makeBacklogs({ db: env.DB, shards: env.JOB_SHARD, queues: namedQueues(env) });
  const unmeasured = !isMeasured(setting);
  const stored = makeFeedback(env.DB, { unmeasured });
  const feedback = showingFeedback(stored, env.MEASUREMENTS);
  return { metrics: { store, kept, unmeasured }, backlogs, feedback };
}
