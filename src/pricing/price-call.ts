import type { Extent } from './extent.ts';
import type { NanoUsd } from '../domain/money.ts';
import type { PricedExecution, ProjectPrice } from '../domain/model/price.ts';
import type { Usage } from '../domain/model/usage.ts';
import { batchCard } from './batch-card.ts';
import { LISTED_VERSION, listedCard } from './listed-prices.ts';
import { ownCard } from './own-prices.ts';
import { projectCard } from './project-card.ts';
import { billNanoUsd, type RateCard } from './rate-card.ts';

/** `priceVersion` names the table that a cost comes from, or that was asked for it in vain. */
export type Price = { readonly costNanoUsd: NanoUsd | null; readonly priceVersion: string };

export type PricedCall = {
  readonly provider: string;
  readonly model: string;
  /** True for models that run inside the Worker: they cost nothing. */
  readonly local: boolean;
  /** Null when it is not known what was used: the call's cost is unknown. */
  readonly usage: Usage | null;
  readonly execution?: PricedExecution;
  /** What the call asks for beside its model's plain work; nothing, if absent. */
  readonly extent?: Extent;
  /** What the provider itself says that the call cost. */
  readonly reportedCostNanoUsd?: NanoUsd;
  /** The project's own prices; null when they could not be read, so that no other price is to be trusted. */
  readonly projectPrices?: readonly ProjectPrice[] | null;
};

/**
 * What a model call costs, in whole nano-dollars. The project's own price comes first, then what the provider says,
 * then our table, then the bundled list. Unknown is null, never 0: an unknown model, a call without usage, and a
 * usage of which any part has no price.
 */
export function priceCall(call: PricedCall, nowMs: number): Price {
  const { provider, model, local, usage, execution = 'standard', reportedCostNanoUsd } = call;
  if (local) return { costNanoUsd: 0, priceVersion: 'builtin' };
  const { projectPrices = [] } = call;
  const own = projectPrices && projectCard(projectPrices, { provider, model, execution, nowMs });
  if (own !== null) return priceBy(own, usage);
  if (reportedCostNanoUsd !== undefined)
    return { costNanoUsd: reportedCostNanoUsd, priceVersion: 'reported' };
  if (projectPrices === null) return { costNanoUsd: null, priceVersion: 'project/unread' };
  return priceBy(listCard(call, nowMs), usage);
}

function listCard({ provider, model, execution, extent = 'plain' }: PricedCall, nowMs: number) {
  const own = ownCard(provider, model, { nowMs, isPlain: extent === 'plain' });
  const card = own ?? listedCard(provider, model, nowMs);
  if (card === null) return { version: LISTED_VERSION, rates: {} };
  if (card.free === true) return card;
  if (extent === 'special') return { version: card.version, rates: {} };
  return execution === 'batch' ? batchCard(card, provider, model) : card;
}

function priceBy(card: RateCard, usage: Usage | null): Price {
  const known = usage ?? {};
  return { costNanoUsd: billNanoUsd(card, known), priceVersion: card.version };
}
