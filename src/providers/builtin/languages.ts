/**
 * `language-id-1`: which language a text is written in, by its script and, where several languages share one, by
 * frequent small words, letter groups and letters of their own.
 *
 * Limits: knows the languages of `languageCodes` and answers the nearest of them for others in the same script
 * (Norwegian comes out as Danish, Persian as Arabic, Bulgarian as Russian); needs about 60 characters to be sure; a
 * text without letters, or in a script of none of these languages, is `und` (undetermined).
 * Cost: reads the first `CHARACTERS_READ_MAX` characters only.
 */
import type { ClassifyResult } from '../../domain/model/model-call.ts';
import {
  cyrillicProfiles,
  languageCodes,
  latinProfiles,
  type LanguageCode,
  type LanguageProfile,
} from './language-profiles.ts';

/** In UTF-16 units; more text does not change the answer. */
export const CHARACTERS_READ_MAX = 10_000;

type Share = readonly [code: LanguageCode | 'und', share: number];
type Profiles = Readonly<Partial<Record<LanguageCode, LanguageProfile>>>;

/** Scripts with how much one of their letters says: a syllable or ideograph stands for about two letters. */
const SCRIPTS = {
  latin: { pattern: /\p{Script=Latin}/gu, weight: 1 },
  cyrillic: { pattern: /\p{Script=Cyrillic}/gu, weight: 1 },
  greek: { pattern: /\p{Script=Greek}/gu, weight: 1 },
  arabic: { pattern: /\p{Script=Arabic}/gu, weight: 1 },
  hebrew: { pattern: /\p{Script=Hebrew}/gu, weight: 1 },
  devanagari: { pattern: /\p{Script=Devanagari}/gu, weight: 1 },
  hangul: { pattern: /\p{Script=Hangul}/gu, weight: 2 },
  kana: { pattern: /[\p{Script=Hiragana}\p{Script=Katakana}]/gu, weight: 2 },
  han: { pattern: /\p{Script=Han}/gu, weight: 2 },
} as const;
type Script = keyof typeof SCRIPTS;
/** Signs that several scripts share, such as the Japanese length mark, say nothing. */
const LETTER = /(?!\p{Script=Common})\p{L}/gu;
/** Japanese mixes kana into its ideographs; Chinese has none. */
const KANA_SHARE_OF_JAPANESE = 0.1;

/** What one hit counts; a word that several languages have is divided among them. */
const WORD_WEIGHT = 1;
const GROUP_WEIGHT = 0.25;
const LETTER_WEIGHT = 1;
/** Steepness of the share between languages of a script, for a text of a given number of words. */
const STEEPNESS_MAX = 18;
const WORDS_FOR_HALF_STEEPNESS = 6;

const latin = weigh(latinProfiles);
const cyrillic = weigh(cyrillicProfiles);

/** The `topN` likeliest languages as ISO 639-1 codes (or `und`), best first; the scores of all add up to 1. */
export function identifyLanguage(text: string, topN: number): ClassifyResult {
  const sample = text.slice(0, CHARACTERS_READ_MAX).toLowerCase().normalize('NFC');
  const labels = sharesOf(sample)
    .toSorted(([, left], [, right]) => right - left)
    .slice(0, topN)
    .map(([label, share]) => ({ label, score: Math.round(share * 1e6) / 1e6 }));
  return { kind: 'classify', labels };
}

function sharesOf(sample: string): Share[] {
  const letters = countLetters(sample);
  const count = (script: Script): number => letters[script] * SCRIPTS[script].weight;
  const kana = count('kana');
  const han = count('han');
  const isJapanese = kana > 0 && kana >= KANA_SHARE_OF_JAPANESE * (kana + han);
  const weights: Share[] = [
    ...divide(sample, latin, count('latin')),
    ...divide(sample, cyrillic, count('cyrillic')),
    ['el', count('greek')],
    ['ar', count('arabic')],
    ['he', count('hebrew')],
    ['hi', count('devanagari')],
    ['ko', count('hangul')],
    ['ja', isJapanese ? kana + han : kana],
    ['zh', isJapanese ? 0 : han],
    ['und', letters.other],
  ];
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0);
  if (total === 0) return [['und', 1]];
  return weights
    .map(([code, weight]): Share => [code, weight / total])
    .filter(([, share]) => share > 0);
}

/** Letters of each script; `other` is letters of scripts that no language here is written in. */
function countLetters(sample: string): Record<Script | 'other', number> {
  const count = (pattern: RegExp): number => sample.match(pattern)?.length ?? 0;
  const known = {
    latin: count(SCRIPTS.latin.pattern),
    cyrillic: count(SCRIPTS.cyrillic.pattern),
    greek: count(SCRIPTS.greek.pattern),
    arabic: count(SCRIPTS.arabic.pattern),
    hebrew: count(SCRIPTS.hebrew.pattern),
    devanagari: count(SCRIPTS.devanagari.pattern),
    hangul: count(SCRIPTS.hangul.pattern),
    kana: count(SCRIPTS.kana.pattern),
    han: count(SCRIPTS.han.pattern),
  };
  const sum = Object.values(known).reduce((total, letters) => total + letters, 0);
  return { ...known, other: Math.max(0, count(LETTER) - sum) };
}

type WeighedProfiles = {
  readonly codes: readonly LanguageCode[];
  /** What one occurrence of a word, letter group or letter says for each language, in the order of `codes`. */
  readonly words: ReadonlyMap<string, readonly number[]>;
  readonly groups: ReadonlyMap<string, readonly number[]>;
  readonly letters: ReadonlyMap<string, readonly number[]>;
};

function weigh(profiles: Profiles): WeighedProfiles {
  const entries = languageCodes.flatMap((code) => {
    const profile = profiles[code];
    return profile === undefined ? [] : [{ code, profile }];
  });
  const spread = (
    itemsOf: (profile: LanguageProfile) => Iterable<string>,
    weight: number,
  ): Map<string, number[]> => {
    const table = new Map<string, number[]>();
    for (const [index, { profile }] of entries.entries()) {
      for (const item of new Set(itemsOf(profile))) {
        const row = table.get(item) ?? entries.map(() => 0);
        row[index] = weight;
        table.set(item, row);
      }
    }
    return new Map([...table].map(([item, row]) => [item, dividedAmongHolders(row)]));
  };
  return {
    codes: entries.map(({ code }) => code),
    words: spread(({ words }) => words, WORD_WEIGHT),
    groups: spread(({ groups }) => groups, GROUP_WEIGHT),
    letters: spread(({ letters }) => letters, LETTER_WEIGHT),
  };
}

/** What three languages share says a third for each. */
function dividedAmongHolders(row: readonly number[]): number[] {
  const holders = row.filter((value) => value > 0).length;
  return row.map((value) => value / holders);
}

/** Divides `weight` among the languages of one script. */
function divide(sample: string, profiles: WeighedProfiles, weight: number): Share[] {
  if (weight === 0) return [];
  const words = sample.match(/[\p{L}\p{M}]+/gu) ?? [];
  const evidence = evidencePerWord(words, profiles);
  const steepness = (STEEPNESS_MAX * words.length) / (words.length + WORDS_FOR_HALF_STEEPNESS);
  const highest = Math.max(...evidence);
  const powers = evidence.map((value) => Math.exp(steepness * (value - highest)));
  const total = powers.reduce((sum, value) => sum + value, 0);
  return profiles.codes.map((code, index): Share => [
    code,
    (weight * (powers[index] ?? 0)) / total,
  ]);
}

function evidencePerWord(words: readonly string[], profiles: WeighedProfiles): number[] {
  const evidence = profiles.codes.map(() => 0);
  const add = (row: readonly number[] | undefined): void => {
    if (row === undefined) return;
    for (const [index, value] of row.entries()) evidence[index] = (evidence[index] ?? 0) + value;
  };
  for (const word of words) {
    add(profiles.words.get(word));
    for (const letter of word) add(profiles.letters.get(letter));
    for (const group of groupsOf(word)) add(profiles.groups.get(group));
  }
  return evidence.map((value) => value / words.length);
}

/** All runs of two to five letters, the word's edges included: the lengths that profiles use. */
function groupsOf(word: string): string[] {
  const marked = `_${word}_`;
  const groups: string[] = [];
  for (let length = 2; length <= 5; length += 1) {
    for (let start = 0; start + length <= marked.length; start += 1) {
      groups.push(marked.slice(start, start + length));
    }
  }
  return groups;
}
