import {
  type CountryCode,
  findPhoneNumbersInText,
  isSupportedCountry,
  parsePhoneNumberFromString,
  type PhoneNumber,
} from 'libphonenumber-js/max';

import type { Span } from '../source-map.ts';
import { type Detection, standsAlone } from './detection.ts';
import { MASK, withMasks } from './mask.ts';

export type { CountryCode };
export { isSupportedCountry };

/** Days in the two usual orders of figures: in some countries a phone number may look like one. */
const DATE =
  /(?<![\d./+-])(?:(?:19|20)\d\d([-./])[01]?\d\1[0-3]?\d|[0-3]?\d([-./])[01]?\d\2(?:19|20)\d\d)(?!\d)/g;
/** What the finder takes before an extension, and so bites the head off the next number in a list. */
const COMMA = /,/g;

/** Valid phone numbers. Without a default country only numbers that begin with `+` can be told. */
export function detectPhones(text: string, country: CountryCode | undefined): Detection[] {
  const visible = [COMMA, DATE].reduce((rest, pattern) => rest.replaceAll(pattern, maskOf), text);
  const found = detectSeparate(visible, country);
  const followed = detectFollowed(withMasks(visible, found), country);
  return [...found, ...followed].toSorted((a, b) => a.start - b.start);
}

function maskOf(hidden: string): string {
  return MASK.repeat(hidden.length);
}

/** Numbers with nothing like a number after them. */
function detectSeparate(text: string, country: CountryCode | undefined): Detection[] {
  const options = country === undefined ? {} : { defaultCountry: country };
  return findPhoneNumbersInText(text, options)
    .map(({ startsAt, endsAt, number }) => detectionOf({ start: startsAt, end: endsAt }, number))
    .filter((span) => standsAlone(text, span));
}

/** Longest numbers: the digits that the standard allows, in the groups that people make of them. */
const DIGITS_MAX = 15;
const GROUPS_MAX = 7;
const DIGITS_MIN = 7;

const GROUP = /\d+/g;
/** What stands between the groups of one number; an opening parenthesis begins another, except after a `+`. */
const BETWEEN = /^[ )./\u00A0\u2007\u2009\u2010-\u2015\u202F-]{1,3}$/;
const BETWEEN_AFTER_PLUS = /^[ ()./\u00A0\u2007\u2009\u2010-\u2015\u202F-]{1,3}$/;

/** Numbers with other digits right after them, as in `+1 415 555 2671 24/7`, which the finder gives up. */
function detectFollowed(text: string, country: CountryCode | undefined): Detection[] {
  const groups = Array.from(text.matchAll(GROUP), ({ 0: digits, index }) => ({
    start: index,
    end: index + digits.length,
  }));
  const detections: Detection[] = [];
  let reached = 0;
  for (const [index, group] of groups.entries()) {
    const start = numberStart(text, groups[index - 1], group, country);
    if (start === null || start < reached) continue;
    const detection = longestNumber(text, start, groups, index, country);
    if (detection === null) continue;
    detections.push(detection);
    reached = detection.end;
  }
  return detections;
}

/** Where a number that has the group for its first digits would start; `null` if none would. */
function numberStart(
  text: string,
  before: Span | undefined,
  group: Span,
  country: CountryCode | undefined,
): number | null {
  const [head] = /(?:\+\(?|\()?$/.exec(text.slice(Math.max(group.start - 2, 0), group.start)) ?? [
    '',
  ];
  if (head.startsWith('+')) return group.start - head.length;
  if (country === undefined) return null;
  const isFirst = before === undefined || !BETWEEN.test(text.slice(before.end, group.start));
  return isFirst || head === '(' ? group.start - head.length : null;
}

function longestNumber(
  text: string,
  start: number,
  groups: readonly Span[],
  first: number,
  country: CountryCode | undefined,
): Detection | null {
  const between = text.charAt(start) === '+' ? BETWEEN_AFTER_PLUS : BETWEEN;
  for (const end of numberEnds(text, groups, first, between)) {
    const number = parsePhoneNumberFromString(text.slice(start, end), {
      ...(country === undefined ? {} : { defaultCountry: country }),
      extract: false,
    });
    if (number === undefined || !number.isValid()) continue;
    const detection = detectionOf({ start, end }, number);
    if (standsAlone(text, detection)) return detection;
  }
  return null;
}

/** Where a number with the group at `first` for its first digits may end, the farthest first. */
function numberEnds(
  text: string,
  groups: readonly Span[],
  first: number,
  between: RegExp,
): number[] {
  const ends: number[] = [];
  let digits = 0;
  let before: Span | null = null;
  for (const group of groups.slice(first, first + GROUPS_MAX)) {
    const isJoined = before === null || between.test(text.slice(before.end, group.start));
    digits += group.end - group.start;
    if (!isJoined || digits > DIGITS_MAX) break;
    if (digits >= DIGITS_MIN) ends.unshift(group.end);
    before = group;
  }
  return ends;
}

function detectionOf(span: Span, { number, ext }: PhoneNumber): Detection {
  return { ...span, key: ext === undefined ? number : `${number}x${ext}` };
}
