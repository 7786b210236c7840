/**
 * What an answer must look like, judged by how the question is asked: "how many" wants a figure, "when" a date or
 * a time, "why" a word of cause. English questions only; any other query has no shape and loses nothing.
 */

type Shape = { readonly asks: RegExp; readonly answer: RegExp };

/** The first that fits counts, so the narrower question stands before the wider. */
const SHAPES: readonly Shape[] = [
  {
    asks: /\bhow long\b/i,
    answer:
      /\b(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve) (?:seconds?|minutes?|hours?|days?|weeks?|months?|years?)\b/giu,
  },
  {
    asks: /\bhow much\b|\b(?:price|cost)s?\b/i,
    answer: /[$€£¥]\s?\d|\b\d[\d,.]* (?:dollars|euros|pounds|million|percent)\b|\d%/giu,
  },
  { asks: /\bhow many\b|\bwhat (?:share|percentage|number)\b/i, answer: /\d+/gu },
  {
    asks: /\bwhen\b|\bhow (?:soon|late)\b|\b(?:what|which) (?:time|date|day|month|year)\b/i,
    answer:
      /\b\d{1,2}:\d{2}\b|\b(?:19|20)\d\d\b|\b(?:January|February|March|April|May|June|July|August|September|October|November|December|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)\b/gu,
  },
  {
    asks: /\bwho(?:m|se)?\b/i,
    answer: /(?<!(?:^|[.!?:\n])\s*)\b\p{Lu}[\p{L}'’-]+ \p{Lu}[\p{L}'’-]+/gu,
  },
  {
    asks: /\bwhy\b|\bhow come\b|\breasons?\b|\bcauses?\b/i,
    answer:
      /\b(?:because|since|due to|reasons?|cause[ds]?|causing|so that|therefore|as a (?:result|consequence)|in order to|which is why|owing to|thanks to)\b/giu,
  },
];

/** A global pattern of what an answer to `query` contains, or null when the query asks for nothing special. */
export function answerShape(query: string): RegExp | null {
  return SHAPES.find(({ asks }) => asks.test(query))?.answer ?? null;
}
