import { formatUsd } from '../domain/money.ts';
import { priceUnits, type ProjectPrice } from '../domain/model/price.ts';
import { nanoUsdOf, scale } from './fraction.ts';
import { listedCard } from './listed-prices.ts';
import { ownCard, ownPrices } from './own-prices.ts';
import { projectCard } from './project-card.ts';
import type { Rate, RateCard } from './rate-card.ts';

/** What a model's plain calls cost by the table that prices them now. */
export type ShownPrice = {
  /** As `price_version` of attempts names it. */
  readonly version: string;
  /** Dollars as decimal text by the unit's name; empty for a model that costs nothing. */
  readonly prices: Readonly<Record<string, string>>;
  /** True when long prompts have another price. */
  readonly isTiered: boolean;
  readonly isFree: boolean;
  /** The page that states the price; null where the table names none. */
  readonly source: string | null;
  /** The day on which that was read, or from which the project's own price holds. */
  readonly asOf: string | null;
};

export type Priced = { readonly provider: string; readonly model: string; readonly local: boolean };

/** Null for a model without a known price. `projectPrices` is null when they could not be read. */
export function shownPrice(
  { provider, model, local }: Priced,
  projectPrices: readonly ProjectPrice[] | null,
  nowMs: number,
): ShownPrice | null {
  const nowhere = { source: null, asOf: null };
  if (local) return shown({ version: 'builtin', rates: {}, free: true }, nowhere);
  if (projectPrices === null) return null;
  const asked = { provider, model, execution: 'standard', nowMs } as const;
  const project = projectCard(projectPrices, asked);
  if (project !== null)
    return shown(project, { source: null, asOf: since(project, projectPrices) });
  const own = ownCard(provider, model, { nowMs, isPlain: true });
  const row = ownPrices.find(
    (price) => price.provider === provider && price.models.includes(model),
  );
  if (own !== null) return shown(own, { source: row?.source ?? null, asOf: row?.readOn ?? null });
  const listed = listedCard(provider, model, nowMs);
  return listed === null ? null : shown(listed, nowhere);
}

function since({ version }: RateCard, prices: readonly ProjectPrice[]): string | null {
  const price = prices.find(({ id }) => version === `project/${id}`);
  return price === undefined ? null : new Date(price.effectiveFromMs).toISOString().slice(0, 10);
}

function shown(
  { version, rates, free = false }: RateCard,
  told: Pick<ShownPrice, 'source' | 'asOf'>,
): ShownPrice | null {
  const entries = units.flatMap(({ unit, bucket, per }) => {
    const rate = rates[bucket];
    const text = rate === undefined ? null : usdFor(rate, per);
    return text === null ? [] : [[unit, text] as const];
  });
  if (entries.length === 0 && !free) return null;
  const isTiered = Object.values(rates).some(({ tiers = [] }) => tiers.length > 0);
  return { version, prices: Object.fromEntries(entries), isTiered, isFree: free, ...told };
}

/** One unit for each bucket: sound by the minute. */
const units = Object.entries(priceUnits)
  .map(([unit, of]) => ({ unit, ...of }))
  .filter(({ unit }) => unit !== 'audio_hour');

/** Nine places of a dollar, without the zeros at the end. */
function usdFor({ usd, per }: Rate, unitPer: number): string | null {
  const nano = nanoUsdOf(scale(usd, unitPer, per));
  return nano === null ? null : formatUsd(nano).replace(/\.?0+$/, '');
}
