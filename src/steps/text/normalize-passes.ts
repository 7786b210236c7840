import { type Edit, editsOf } from './edits.ts';

/** The kinds of change, all at zero. Names are on the wire: append, never rename. */
export const NO_CHANGES = {
  invalid_surrogates: 0,
  line_endings: 0,
  spaces: 0,
  invisible: 0,
  composed: 0,
  quotes: 0,
  dashes: 0,
  whitespace: 0,
  hyphenation: 0,
};
export type ChangeKind = keyof typeof NO_CHANGES;

export type NormalizeOptions = {
  readonly straightenQuotes: boolean;
  readonly joinHyphenated: boolean;
};

type Pass = { readonly kind: ChangeKind; readonly edits: (text: string) => readonly Edit[] };

/**
 * The passes, each over the text that the one before it left. The order makes a second normalising find nothing:
 * what is removed is gone before composing (so that marks meet their letters), and spaces come last.
 */
export function normalizePasses(options: NormalizeOptions): readonly Pass[] {
  return [
    { kind: 'invalid_surrogates', edits: (text) => replaceAll(text, /\p{Cs}/gu, '\uFFFD') },
    { kind: 'line_endings', edits: lineEndingEdits },
    { kind: 'spaces', edits: (text) => replaceAll(text, EXOTIC_SPACE, ' ') },
    ...(options.joinHyphenated
      ? [
          {
            kind: 'hyphenation' as const,
            edits: (text: string) => replaceAll(text, SOFT_BREAK, '-'),
          },
        ]
      : []),
    { kind: 'invisible', edits: invisibleEdits },
    { kind: 'composed', edits: compositionEdits },
    ...(options.straightenQuotes ? STRAIGHTEN : []),
    { kind: 'whitespace', edits: whitespaceEdits },
    ...(options.joinHyphenated
      ? [
          {
            kind: 'hyphenation' as const,
            edits: (text: string) => replaceAll(text, HARD_BREAK, ''),
          },
        ]
      : []),
  ];
}

const EXOTIC_SPACE = /[\u00A0\u1680\u2000-\u200A\u202F\u205F\u3000]/g;

/** A soft hyphen that a line end made visible; made a plain one so that it is still there to be joined. */
const SOFT_BREAK = /(?<=[\p{L}\p{M}])\u00AD(?=[ \t]{0,40}\n[ \t]{0,40}\p{Ll})/gu;
/** A word parted at a line end; the spaces around the line end are already at most one. */
const HARD_BREAK = /(?<=[\p{L}\p{M}])[-\u2010]\n[ \t]?(?=\p{Ll})/gu;

const STRAIGHTEN: readonly Pass[] = [
  {
    kind: 'quotes',
    edits: (text) =>
      editsOf(text, /[\u2018-\u201F\u2032\u2033]/g, (quote) =>
        /[\u201C-\u201F\u2033]/.test(quote) ? '"' : "'",
      ),
  },
  { kind: 'dashes', edits: (text) => replaceAll(text, /[\u2010-\u2015\u2212]/g, '-') },
];

function replaceAll(text: string, pattern: RegExp, replacement: string): Edit[] {
  return editsOf(text, pattern, () => replacement);
}

/** `\r\n` loses its `\r`, so that the `\n` stays the one it was; any other line end becomes `\n`. */
function lineEndingEdits(text: string): Edit[] {
  return editsOf(text, /[\r\v\f\u0085\u2028\u2029]/g, (ending, index) =>
    ending === '\r' && text[index + 1] === '\n' ? '' : '\n',
  );
}

const INVISIBLE = /(?![\t\n])[\p{Cc}\p{Default_Ignorable_Code_Point}\uFFF9-\uFFFB]/gu;

const JOINING_SCRIPTS = [
  'Arabic',
  'Syriac',
  'Mongolian',
  'Devanagari',
  'Bengali',
  'Gurmukhi',
  'Gujarati',
  'Oriya',
  'Tamil',
  'Telugu',
  'Kannada',
  'Malayalam',
  'Sinhala',
  'Khmer',
  'Myanmar',
  'Tibetan',
]
  .map((script) => `\\p{Script=${script}}`)
  .join('');

/**
 * The invisible characters that carry meaning where they stand: a joiner inside an emoji or inside a word of a
 * script that needs joiners, and one variation selector after a visible character. Anywhere else they are noise, or
 * a channel for text that people cannot see and models can.
 */
const MEANINGFUL = new RegExp(
  [
    '(?<=[\\p{Extended_Pictographic}\\p{Emoji_Modifier}]\\uFE0F?)\\u200D(?=\\p{Extended_Pictographic})',
    `(?<=[${JOINING_SCRIPTS}])[\\u200C\\u200D](?=[${JOINING_SCRIPTS}])`,
    '(?<=[^\\p{Default_Ignorable_Code_Point}\\p{C}\\p{Z}])[\\uFE00-\\uFE0F\\u{E0100}-\\u{E01EF}]',
  ].join('|'),
  'uy',
);

function invisibleEdits(text: string): Edit[] {
  return editsOf(text, INVISIBLE, (_, index) => {
    MEANINGFUL.lastIndex = index;
    return MEANINGFUL.test(text) ? null : '';
  });
}

/**
 * A character with all that may compose with it: marks, the later letters of a Hangul syllable, and the vowels
 * of Kirat Rai. Composing never reaches past such a group, so groups can be composed one by one.
 */
const COMPOSABLE = /\P{M}?[\p{M}\u1160-\u11FF\uD7B0-\uD7FF\u{16D63}-\u{16D6A}]+|[^\0-\u02FF]/gu;
/**
 * Longer groups are left as they are. No script needs this many marks (Unicode's own stream-safe limit is 30), and
 * the time to compose one group grows with the square of its length.
 */
const COMPOSABLE_CHARS_MAX = 128;

function compositionEdits(text: string): Edit[] {
  return editsOf(text, COMPOSABLE, (group) => {
    if (group.length > COMPOSABLE_CHARS_MAX) return null;
    const composed = group.normalize('NFC');
    return composed === group ? null : composed;
  });
}

/** Deletes white space until single spaces, at most one blank line and no space at line ends are left. */
function whitespaceEdits(text: string): Edit[] {
  return Array.from(text.matchAll(/[ \t\n]+/g)).flatMap((match) => {
    const run = match[0];
    const isAtEdge = match.index === 0 || match.index + run.length === text.length;
    if (run.length === 1 && !isAtEdge) return [];
    return deletions(keptInRun(run, isAtEdge), match.index);
  });
}

/** One deletion for each stretch that is not kept; offsets count from `base`. */
function deletions(kept: readonly boolean[], base: number): Edit[] {
  const edits: Edit[] = [];
  for (let start = kept.indexOf(false); start !== -1; start = kept.indexOf(false, start)) {
    const next = kept.indexOf(true, start);
    const end = next === -1 ? kept.length : next;
    edits.push({ start: base + start, end: base + end, replacement: '' });
    start = end;
  }
  return edits;
}

/** Which characters of a run of white space stay. */
function keptInRun(run: string, isAtEdge: boolean): boolean[] {
  const lastNewline = run.lastIndexOf('\n');
  let newlines = 0;
  return Array.from(run, (character, offset) => {
    if (isAtEdge) return false;
    if (character === '\n') {
      newlines += 1;
      return newlines <= 2;
    }
    if (offset < lastNewline) return false;
    return character === '\t' || run[offset - 1] !== ' ';
  });
}
