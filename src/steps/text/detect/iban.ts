import type { Detection } from './detection.ts';

/** How many characters an account number has in each country that issues them. */
const LENGTHS: ReadonlyMap<string, number> = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 ' +
    'EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 ' +
    'IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 ' +
    'NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 ' +
    'SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

const START = /(?<![\p{L}\p{N}_])[A-Z]{2}\d{2}/giu;
const ALPHANUMERIC = /[A-Z0-9]/i;
const SEPARATOR = /[ \u00A0\u2007\u2009\u202F-]/;

/** International bank account numbers, in one piece or in groups: right length, right check digits. */
export function detectIbans(text: string): Detection[] {
  const detections: Detection[] = [];
  let searchFrom = 0;
  for (const match of text.matchAll(START)) {
    const chars = LENGTHS.get(match[0].slice(0, 2).toUpperCase());
    if (chars === undefined || match.index < searchFrom) continue;
    const detection = ibanAt(text, match.index, chars);
    if (detection === null) continue;
    detections.push(detection);
    searchFrom = detection.end;
  }
  return detections;
}

function ibanAt(text: string, start: number, chars: number): Detection | null {
  let key = '';
  let at = start;
  while (key.length < chars) {
    if (key !== '' && SEPARATOR.test(text.charAt(at))) at += 1;
    const character = text.charAt(at);
    if (!ALPHANUMERIC.test(character)) return null;
    key += character.toUpperCase();
    at += 1;
  }
  const isWhole = !/[\p{L}\p{N}_]/u.test(text.charAt(at));
  return isWhole && remainderOf97(key.slice(4) + key.slice(0, 4)) === 1
    ? { start, end: at, key }
    : null;
}

/** Remainder of the number that the text spells when A stands for 10, B for 11 and so on. */
function remainderOf97(text: string): number {
  let remainder = 0;
  for (const character of text) {
    const value = Number.parseInt(character, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder;
}
