import { type Detection, withoutTail } from './detection.ts';
import { entropyBits, hasDigitAndLetter } from './randomness.ts';

const PASSWORD_WORDS = 'pass(?:word|wd|phrase|code)|pwd';
const KEY_WORDS =
  'secret|token|credentials?|connection[_-]?string|(?:api|access|account|private|client|auth|encryption|signing|shared|master)[ _-]?(?:access[_-]?)?key';

/** A name that promises a secret, `=` or `:` or `is`, and a value, in quotes or up to the next space. */
const ASSIGNMENT = new RegExp(
  `(?:(?<password>${PASSWORD_WORDS})|${KEY_WORDS})[\\w-]{0,24}["'\`]?[ \\t]{0,8}` +
    '(?::=|=>|[:=]|(?<=[ \\t])is(?=[ \\t]))[ \\t]{0,8}' +
    '(?:"(?<double>[^"\\n]{4,300})"|\'(?<single>[^\'\\n]{4,300})\'|["\'`]?(?<bare>[^\\s"\'`,;<>()[\\]{}]{4,300}))',
  'gi',
);

/** What stands where a secret would, and is none: references, links, marks that something was hidden. */
const STAND_IN =
  /^(?:\$|\{\{|%|<|https?:|process\.env|os\.environ|\[[A-Z_]{3,20}_\d{1,7}\]|(.)\1*$)/i;

const PASSWORD_CHARS_MIN = 6;
const KEY_CHARS_MIN = 12;
const PASSWORD_ENTROPY_BITS = 2;
const KEY_ENTROPY_BITS = 3;

/** Values given to names such as `password` and `api_key`, if they look made up rather than written. */
export function detectAssignments(text: string): Detection[] {
  const detections: Detection[] = [];
  for (const match of text.matchAll(ASSIGNMENT)) {
    const value = valueIn(match.groups ?? {});
    const looksSecret = match.groups?.['password'] === undefined ? looksLikeKey : looksLikePassword;
    if (!looksSecret(value) || STAND_IN.test(value)) continue;
    const start = match.index + match[0].lastIndexOf(value);
    detections.push({ start, end: start + value.length, key: value });
  }
  return detections;
}

function valueIn({ double, single, bare }: Readonly<Record<string, string | undefined>>): string {
  return double ?? single ?? withoutTail(bare ?? '');
}

function looksLikePassword(value: string): boolean {
  const isLong = value.length >= PASSWORD_CHARS_MIN;
  return isLong && /[^\p{L}\s_.-]/u.test(value) && entropyBits(value) >= PASSWORD_ENTROPY_BITS;
}

function looksLikeKey(value: string): boolean {
  const isLong = value.length >= KEY_CHARS_MIN;
  return isLong && hasDigitAndLetter(value) && entropyBits(value) >= KEY_ENTROPY_BITS;
}
