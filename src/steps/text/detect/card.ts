import type { Span } from '../source-map.ts';
import { type Detection, standsAlone } from './detection.ts';

/** Ranges of issuer prefixes, and how many digits a number in the range has. */
const ISSUERS: readonly (readonly [low: string, high: string, digits: readonly number[]])[] = [
  ['4', '4', [13, 16, 19]],
  ['51', '55', [16]],
  ['2221', '2720', [16]],
  ['34', '34', [15]],
  ['37', '37', [15]],
  ['300', '305', [14, 16]],
  ['3095', '3095', [14, 16]],
  ['36', '36', [14, 16]],
  ['38', '39', [14, 16]],
  ['6011', '6011', [16, 19]],
  ['644', '649', [16, 19]],
  ['65', '65', [16, 19]],
  ['3528', '3589', [16, 17, 18, 19]],
  ['62', '62', [16, 17, 18, 19]],
  ['81', '82', [16, 17, 18, 19]],
  ['50', '50', [13, 14, 15, 16, 17, 18, 19]],
  ['56', '59', [13, 14, 15, 16, 17, 18, 19]],
  ['60', '60', [16]],
  ['63', '63', [13, 14, 15, 16, 17, 18, 19]],
  ['67', '67', [13, 14, 15, 16, 17, 18, 19]],
  ['2200', '2204', [16, 17, 18, 19]],
  ['9792', '9792', [16]],
];
const DIGITS_MIN = 13;
const DIGITS_MAX = 19;
/** People part card numbers into groups of this length at least; shorter ones are lists of numbers. */
const GROUP_DIGITS_MIN = 3;

const SEPARATOR = /[ .\u00A0\u2007\u2009\u202F\u2010-\u2015-]/;

/** Payment card numbers, in one piece or in groups: known issuer, right length, right check digit. */
export function detectCards(text: string): Detection[] {
  const groups = Array.from(text.matchAll(/\d+/g), (match) => ({
    start: match.index,
    end: match.index + match[0].length,
  }));
  const detections: Detection[] = [];
  let reached = 0;
  for (const [index, { start }] of groups.entries()) {
    if (start < reached || isFraction(text, start)) continue;
    const card = cardIn(text, groupsFrom(text, groups, index));
    if (card === null) continue;
    detections.push(card);
    reached = card.end;
  }
  return detections;
}

/** The groups from `first` on that may be of one number. */
function groupsFrom(text: string, groups: readonly Span[], first: number): Span[] {
  const joined: Span[] = [];
  let digits = 0;
  for (let index = first; index < groups.length; index += 1) {
    const group = groups[index];
    if (group === undefined) break;
    const before = joined.at(-1);
    digits += group.end - group.start;
    if (digits > DIGITS_MAX || (before !== undefined && !isJoined(text, before, group))) break;
    joined.push(group);
  }
  return joined;
}

/** The longest card number that begins with the first group and ends with one of the others. */
function cardIn(text: string, groups: readonly Span[]): Detection | null {
  let card: Detection | null = null;
  let key = '';
  const start = groups[0]?.start ?? 0;
  for (const group of groups) {
    key += text.slice(group.start, group.end);
    const span = { start, end: group.end };
    if (isCardNumber(key) && standsAlone(text, span)) card = { ...span, key };
  }
  return card;
}

/** A point after few digits parts a fraction, not groups. */
function isFraction(text: string, start: number): boolean {
  return /(?<!\d)\d{1,3}\.$/.test(text.slice(Math.max(start - 5, 0), start));
}

function isJoined(text: string, before: Span, group: Span): boolean {
  if (group.start - before.end !== 1) return false;
  const shortest = Math.min(before.end - before.start, group.end - group.start);
  return shortest >= GROUP_DIGITS_MIN && SEPARATOR.test(text.charAt(before.end));
}

function isCardNumber(digits: string): boolean {
  return digits.length >= DIGITS_MIN && hasIssuer(digits) && hasLuhnDigit(digits);
}

function hasIssuer(digits: string): boolean {
  return ISSUERS.some(([low, high, lengths]) => {
    const prefix = digits.slice(0, low.length);
    return prefix >= low && prefix <= high && lengths.includes(digits.length);
  });
}

function hasLuhnDigit(digits: string): boolean {
  let sum = 0;
  for (const [index, character] of Array.from(digits).toReversed().entries()) {
    const digit = Number(character) * (index % 2 === 0 ? 1 : 2);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 === 0;
}
