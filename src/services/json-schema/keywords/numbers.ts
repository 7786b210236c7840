import { broken, recheck, type Answer, type Keyword, type Question } from './keyword.ts';

/** `maximum`, also where it is 0. */
export function maximum(keyword: Keyword): Keyword {
  return recheck(keyword, ({ schema }) => typeof schema['maximum'] === 'number', checkMaximum);
}

function checkMaximum(question: Question): Answer {
  const { node, data, pointer } = question;
  const limit: unknown = node.schema['maximum'];
  if (typeof data !== 'number' || typeof limit !== 'number' || data <= limit) return [];
  return [broken(question, 'maximum-error', pointer, { maximum: limit })];
}

/** `multipleOf` in exact decimal arithmetic: 0.3 is a multiple of 0.1, and 1e22 + 1 is what was written. */
export function multipleOf(keyword: Keyword): Keyword {
  return recheck(keyword, ({ schema }) => typeof schema['multipleOf'] === 'number', checkMultiple);
}

function checkMultiple(question: Question): Answer {
  const { node, data, pointer } = question;
  const divisor: unknown = node.schema['multipleOf'];
  if (typeof data !== 'number' || typeof divisor !== 'number') return [];
  if (isMultiple(data, divisor)) return [];
  return [broken(question, 'multiple-of-error', pointer, { multipleOf: divisor })];
}

/** The shortest decimal that reads back as the number: `digits` times ten to the `exponent`. */
type Decimal = { readonly digits: bigint; readonly exponent: number };

function isMultiple(value: number, divisor: number): boolean {
  if (!Number.isFinite(value)) return false;
  const [a, b] = [decimalOf(value), decimalOf(divisor)];
  const exponent = Math.min(a.exponent, b.exponent);
  return scaled(a, exponent) % scaled(b, exponent) === 0n;
}

function decimalOf(value: number): Decimal {
  const [mantissa = '0', power = '0'] = value.toExponential().split('e');
  const [whole = '0', fraction = ''] = mantissa.split('.');
  return { digits: BigInt(`${whole}${fraction}`), exponent: Number(power) - fraction.length };
}

function scaled({ digits, exponent }: Decimal, to: number): bigint {
  return digits * 10n ** BigInt(exponent - to);
}
