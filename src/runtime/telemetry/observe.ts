import type { Log } from '../../services/ports/log.ts';
import type { Change } from './change.ts';
import { linesOf } from './log-lines.ts';
import type { Point } from './columns.ts';
import { pointsOf } from './measurements.ts';

/** The platform takes this many points of one invocation. */
export const POINTS_MAX = 250;

/**
 * Tells the outside of what was just committed: measurement points, if the deployment has somewhere to write them, and a
 * log line for each fact worth one.
 */
export function observe(
  dataset: AnalyticsEngineDataset | undefined,
  log: Log,
  change: Change,
): void {
  if (dataset !== undefined) writePoints(dataset, pointsOf(change));
  for (const { level, event, fields } of linesOf(change)) log(level, event, fields);
}

/** Never throws: what is measured must not fail on its measurement. */
export function writePoints(
  dataset: AnalyticsEngineDataset | undefined,
  points: readonly Point[],
): void {
  if (dataset === undefined) return;
  for (const point of points.slice(0, POINTS_MAX)) {
    try {
      dataset.writeDataPoint(point);
    } catch {
      return;
    }
  }
}
