import type { Span } from '../source-map.ts';
import { type Detection, standsAlone } from './detection.ts';

/** Groups of hexadecimal digits and colons, joined by single dots: more groups than any address has. */
const CANDIDATE = /[0-9A-Fa-f:]+(?:\.[0-9A-Fa-f:]+){0,8}/g;
/** The longest way to write an address, with a mark to spare on either side. */
const CANDIDATE_CHARS_MAX = 48;
const OCTET = /^(?:0|[1-9]\d{0,2})$/;
const GROUP = /^[0-9a-f]{1,4}$/i;
const VERSION_WORD = /(?:\bv|\bversion|\bver|\brelease|\bbuild|\brevision|\brev)[ \t.:=#]{0,4}$/i;

/** IPv4 and IPv6 addresses; not times, and not numbers that a text calls versions. */
export function detectIpAddresses(text: string): Detection[] {
  const detections: Detection[] = [];
  for (const match of text.matchAll(CANDIDATE)) {
    if (match[0].length > CANDIDATE_CHARS_MAX) continue;
    for (const span of addressesIn(match[0], match.index)) {
      if (!standsAlone(text, span) || isPartOfLonger(text, span) || isVersion(text, span)) continue;
      detections.push({ ...span, key: text.slice(span.start, span.end).toLowerCase() });
    }
  }
  return detections;
}

/** The candidate as an IPv6 address, or the IPv4 addresses between its colons. */
function addressesIn(candidate: string, base: number): Span[] {
  const lead = /^:(?!:)/.test(candidate) ? 1 : 0;
  const core = candidate.slice(lead).replace(/(?<!:):$/, '');
  if (isIpv6(core)) return [{ start: base + lead, end: base + lead + core.length }];
  return Array.from(candidate.matchAll(/[^:]+/g)).flatMap(({ 0: host, index }) =>
    isIpv4(host) ? [{ start: base + index, end: base + index + host.length }] : [],
  );
}

/** More numbers follow or come before: a section number, an object identifier. */
function isPartOfLonger(text: string, { start, end }: Span): boolean {
  return (
    /[0-9A-Fa-f]\.$/.test(text.slice(Math.max(start - 2, 0), start)) ||
    /^\.\d/.test(text.slice(end, end + 2))
  );
}

function isVersion(text: string, { start }: Span): boolean {
  return VERSION_WORD.test(text.slice(Math.max(start - 14, 0), start));
}

function isIpv4(text: string): boolean {
  const octets = text.split('.');
  return octets.length === 4 && octets.every((octet) => OCTET.test(octet) && Number(octet) < 256);
}

function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2 || !/\d/.test(text)) return false;
  const counts = halves.map((half, index) => groupCount(half, index === halves.length - 1));
  if (counts.includes(null)) return false;
  const groups = counts.reduce((sum: number, count) => sum + (count ?? 0), 0);
  if (halves.length === 1) return groups === 8;
  return groups < 8 && isWorthHiding(text, groups);
}

/** How many of the eight groups a part spells; an IPv4 address at the very end stands for two. */
function groupCount(half: string, isLast: boolean): number | null {
  if (half === '') return 0;
  const groups = half.split(':');
  const tail = groups.at(-1) ?? '';
  if (isLast && isIpv4(tail))
    return groups.slice(0, -1).every((group) => GROUP.test(group)) ? groups.length + 1 : null;
  return groups.every((group) => GROUP.test(group)) ? groups.length : null;
}

/** Short words around `::` are more often names in a programming language than addresses. */
function isWorthHiding(text: string, groups: number): boolean {
  return groups >= 3 || text.startsWith('::') || /[0-9a-f]{3}/i.test(text);
}
