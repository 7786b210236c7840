import type { NanoUsd } from '../domain/money.ts';

/**
 * Exact amounts of money. Prices are decimals and are stated for a million, an hour or a minute: their quotients have
 * no exact binary form, so that they are added as fractions and rounded once, at the end.
 */
export type Fraction = { readonly numerator: bigint; readonly denominator: bigint };

export const ZERO: Fraction = { numerator: 0n, denominator: 1n };

const NANO_PER_USD = 1_000_000_000n;

/** Reads a decimal as people and `String(number)` write it: `2.5`, `0.00045`, `1e-7`; null for anything else. */
export function fractionOf(text: string): Fraction | null {
  const [, whole, places = '', exponent = '0'] =
    /^(\d{1,30})(?:\.(\d{1,30}))?(?:e([+-]?\d{1,3}))?$/i.exec(text) ?? [];
  if (whole === undefined) return null;
  const shift = Number(exponent) - places.length;
  const digits = BigInt(whole + places);
  return shift >= 0
    ? { numerator: digits * 10n ** BigInt(shift), denominator: 1n }
    : { numerator: digits, denominator: 10n ** BigInt(-shift) };
}

export function add(left: Fraction, right: Fraction): Fraction {
  return {
    numerator: left.numerator * right.denominator + right.numerator * left.denominator,
    denominator: left.denominator * right.denominator,
  };
}

/** `fraction` times `times` divided by `per`; both are whole, `per` is positive. */
export function scale({ numerator, denominator }: Fraction, times: number, per: number): Fraction {
  return { numerator: numerator * BigInt(times), denominator: denominator * BigInt(per) };
}

/** Dollars as whole nano-dollars, half a nano-dollar up; null for more than a number can hold exactly. */
export function nanoUsdOf({ numerator, denominator }: Fraction): NanoUsd | null {
  const rounded = (2n * numerator * NANO_PER_USD + denominator) / (2n * denominator);
  return rounded > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(rounded);
}
