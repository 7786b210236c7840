/**
 * How much a sentence looks like one that carries facts: figures, times, amounts, and words of cause, effect and
 * decision. The word lists are English; in other languages only the figures count.
 */

type Signal = { readonly pattern: RegExp; readonly weight: number; readonly countMax: number };

/** Each signal adds its weight per hit, up to `countMax` hits. */
const SIGNALS: readonly Signal[] = [
  // Money, shares, and figures of two digits or more.
  {
    pattern: /[$€£¥]\s?\d|\d\s?(?:€|usd|eur|gbp|dollars|euros|pounds)\b/giu,
    weight: 0.22,
    countMax: 1,
  },
  { pattern: /\d\s?(?:%|percent\b|per cent\b)/giu, weight: 0.15, countMax: 1 },
  { pattern: /\d{1,3}(?:[,.\u00A0 ]\d{3})+|\d{2,}/gu, weight: 0.08, countMax: 3 },
  // Durations and times of day.
  {
    pattern:
      /\b(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve) (?:milli)?(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?)\b/giu,
    weight: 0.14,
    countMax: 2,
  },
  { pattern: /\b\d{1,2}:\d{2}\b/gu, weight: 0.07, countMax: 2 },
  // Cause and consequence.
  {
    pattern:
      /\b(?:because|caus(?:e[ds]?|ing)|due to|reasons?|therefore|as a (?:result|consequence)|led to|results? (?:in|of)|triggered|root cause|so that|which (?:filled|stopped|blocked|made|meant))\b/giu,
    weight: 0.16,
    countMax: 2,
  },
  // Harm and repair.
  {
    pattern:
      /\b(?:fail(?:ed|ure|ures|s)?|lost|loss|outages?|down|delay(?:ed|s)?|affected|damaged?|refused|rejected|stopped|broke|broken|missed|exhausted|exposed|could not)\b/giu,
    weight: 0.1,
    countMax: 2,
  },
  {
    pattern:
      /\b(?:fixed|repaired|resolved|restored|recovered|mitigated|decided|agreed|approved|will be|must|total|estimated?)\b/giu,
    weight: 0.08,
    countMax: 2,
  },
  // How far it reaches: claims about all or none.
  {
    pattern:
      /\b(?:no|not a single|none|nobody|never|all|every|entire|only|in total|altogether)\b/giu,
    weight: 0.06,
    countMax: 2,
  },
];

/** @returns 0 (nothing factual found) to 1 */
export function informativeness(sentence: string): number {
  let sum = 0;
  for (const { pattern, weight, countMax } of SIGNALS) {
    sum += weight * Math.min(countMax, sentence.match(pattern)?.length ?? 0);
  }
  return Math.min(1, sum);
}
