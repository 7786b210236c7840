import type { Violation } from '../../domain/job/failure.ts';
import { isPriceUnit, type PriceUnit, type UnitPrices } from '../../domain/model/price.ts';

/** No provider sells a million tokens for less, or for more, in dollars. */
const MILLION_MIN = 0.001;
const MILLION_MAX = 1_000;

/** What one of a unit costs at the most anywhere, in dollars; more was probably meant for many of them. */
const oneMax: Readonly<Partial<Record<PriceUnit, number>>> = {
  image: 5,
  audio_minute: 1,
  audio_hour: 20,
  compute_second: 0.1,
  search_unit: 0.1,
};

/** Prices that are allowed and look like slips: stated for one instead of a million, or the other way round. */
export function priceWarnings(prices: UnitPrices): Violation[] {
  const odd = Object.entries(prices).flatMap(([unit, text]) =>
    isPriceUnit(unit) && text !== undefined ? oddPrice(unit, text) : [],
  );
  const reads = prices.million_input_tokens !== undefined;
  if (!reads || prices.million_cache_read_tokens !== undefined) return odd;
  return [
    ...odd,
    {
      pointer: '/prices/million_cache_read_tokens',
      code: 'price_missing',
      message:
        'has no price: calls of which a part is read from the provider’s cache will have an unknown cost',
    },
  ];
}

function oddPrice(unit: PriceUnit, text: string): Violation[] {
  const usd = Number(text);
  const pointer = `/prices/${unit}`;
  if (usd === 0) return [];
  if (unit.startsWith('million_')) {
    if (usd >= MILLION_MIN && usd <= MILLION_MAX) return [];
    const meant =
      usd < MILLION_MIN
        ? `it looks like the price of one; for a million that is ${plain(usd * 1_000_000)}`
        : 'no known model costs as much; it is the price of a million, not of more';
    return [
      { pointer, code: 'price_unlikely', message: `${text} is stated for a million: ${meant}` },
    ];
  }
  const max = oneMax[unit];
  if (max === undefined || usd <= max) return [];
  const message = `${text} is stated for one ${unit.replace('_', ' ')}; it looks like the price of many`;
  return [{ pointer, code: 'price_unlikely', message }];
}

/** Without an exponent, and without the noise of binary fractions. */
function plain(usd: number): string {
  return String(Number(usd.toPrecision(6)));
}
