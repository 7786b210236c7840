import { type Detection, detectMatches } from './detection.ts';

const GROUPED =
  /(?<![\p{L}\p{N}_-])\d{3}([- .\u00A0\u2010-\u2015])\d{2}\1\d{4}(?![\p{L}\p{N}_]|[-.]\d)/gu;
/** Nine digits in a row are anything, unless the text says what they are. */
const NAMED =
  /(?<=(?:\bssn|\bsocial[ -]security(?:[ -](?:number|no\.?))?)[ \t]{0,4}(?:is|[:=#])?[ \t]{0,4})\d{9}(?!\d)/gi;

/** United States social security numbers in the ranges that are issued. */
export function detectSsns(text: string): Detection[] {
  return [...detectMatches(text, GROUPED, issued), ...detectMatches(text, NAMED, issued)].toSorted(
    (a, b) => a.start - b.start,
  );
}

function issued(value: string): string | null {
  const digits = value.replaceAll(/\D/g, '');
  const [area, group, serial] = [digits.slice(0, 3), digits.slice(3, 5), digits.slice(5)];
  const isIssued =
    area !== '000' && area !== '666' && area < '900' && group !== '00' && serial !== '0000';
  return isIssued ? digits : null;
}
