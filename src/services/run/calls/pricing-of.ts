import type { ProjectPrice } from '../../../domain/model/price.ts';
import { extentOf } from '../../../pricing/extent.ts';
import { errorName } from '../../ports/log.ts';
import { within } from '../../within.ts';
import type { Attempt, ExecuteDeps } from '../attempt.ts';
import type { CallFacts } from '../facts.ts';
import type { ResolvedCall } from './resolve-call.ts';

/** How long a paid result waits for its price, at most. */
const PRICES_MS = 2_000;

/** What a call's price depends on. Never throws: a call whose price cannot be read has an unknown cost. */
export async function pricingOf(
  deps: ExecuteDeps,
  attempt: Attempt,
  { adapter, call }: ResolvedCall,
): Promise<NonNullable<CallFacts['pricing']>> {
  return {
    execution: call.execution === 'batch' ? 'batch' : 'standard',
    extent: extentOf(call),
    projectPrices: adapter.capabilities.local ? [] : await projectPricesOf(deps, attempt),
  };
}

async function projectPricesOf(
  { prices, machine, log }: ExecuteDeps,
  { job, work }: Attempt,
): Promise<readonly ProjectPrice[] | null> {
  if (prices === undefined) return [];
  try {
    return await within(machine, PRICES_MS, prices.list(job.project));
  } catch (error) {
    log('warn', 'prices.unread', {
      job_id: job.jobId,
      attempt_key: work.key,
      error: errorName(error),
    });
    return null;
  }
}
