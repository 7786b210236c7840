import type { Actor } from '../../domain/access.ts';
import { done, KEY_POINTER, refuseAt, type Result } from '../result.ts';
import { DAY_MS } from './facts/fact.ts';
import type { MetricsDeps } from './query/metrics-deps.ts';

const DAYS_MAX = 31;
/** Sums that are marked by one request. */
const MARKED_MAX = 100_000;

/** Has the sums of a window made anew by the next runs of the roll-up. Gives how many. */
export async function rebuildMetrics(
  { metrics: { store } }: Pick<MetricsDeps, 'metrics'>,
  actor: Actor,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<Result<number>> {
  if (!actor.isRoot) {
    const message = 'sums belong to the whole deployment: only its root key has them made anew';
    return refuseAt('forbidden', KEY_POINTER, message);
  }
  const [fromMs, toMs] = [Date.parse(from), Date.parse(to)];
  if (fromMs >= toMs || toMs - fromMs > DAYS_MAX * DAY_MS) {
    const message = `must be later than \`from\`, by at most ${DAYS_MAX} days at a time`;
    return refuseAt('invalid_request', '/to', message);
  }
  const marked = await store.mark({ fromMs, toMs }, MARKED_MAX);
  if (marked !== null) return done(marked);
  const message = `the window has more than ${MARKED_MAX} sums of minutes and hours, of all projects: ask for a shorter one, and for the next when it is done`;
  return refuseAt('unprocessable', '/to', message);
}
