/**
 * English word stems after M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980, with a short
 * table of irregular forms in front. Words of other languages pass through the same rules: both sides of a
 * comparison lose the same endings, which is harmless, but nothing is gained for them.
 */

/** Irregular forms that suffix rules cannot bring together. */
const IRREGULAR = new Map(
  (
    'ate:eat began:begin begun:begin bought:buy broke:break broken:break brought:bring built:build ' +
    'came:come caught:catch children:child chose:choose chosen:choose dealt:deal drawn:draw drew:draw ' +
    'driven:drive drove:drive fallen:fall feet:foot fell:fall felt:feel forgot:forget forgotten:forget ' +
    'fought:fight found:find froze:freeze frozen:freeze gave:give given:give gone:go grew:grow grown:grow ' +
    'heard:hear held:hold hid:hide hidden:hide kept:keep knew:know known:know laid:lay led:lead left:leave ' +
    'lent:lend lost:lose meant:mean men:man met:meet mice:mouse paid:pay ran:run rang:ring risen:rise ' +
    'rose:rise said:say sang:sing sat:sit saw:see seen:see sent:send shook:shake shown:show sold:sell ' +
    'sought:seek spent:spend spoke:speak spoken:speak stole:steal stolen:steal stood:stand struck:strike ' +
    'taken:take taught:teach thought:think threw:throw thrown:throw told:tell took:take torn:tear ' +
    'understood:understand went:go withdrawn:withdraw withdrew:withdraw woke:wake woken:wake women:woman ' +
    'won:win wore:wear worn:wear written:write wrote:write'
  )
    .split(' ')
    .map((pair): [string, string] => {
      const [form = '', base = ''] = pair.split(':');
      return [form, base];
    }),
);

type Rule = readonly [suffix: string, replacement: string];

const STEP_2: readonly Rule[] = [
  ['ational', 'ate'],
  ['ization', 'ize'],
  ['iveness', 'ive'],
  ['fulness', 'ful'],
  ['ousness', 'ous'],
  ['tional', 'tion'],
  ['biliti', 'ble'],
  ['ation', 'ate'],
  ['entli', 'ent'],
  ['ousli', 'ous'],
  ['alism', 'al'],
  ['aliti', 'al'],
  ['iviti', 'ive'],
  ['enci', 'ence'],
  ['anci', 'ance'],
  ['izer', 'ize'],
  ['abli', 'able'],
  ['alli', 'al'],
  ['ator', 'ate'],
  ['eli', 'e'],
];
const STEP_3: readonly Rule[] = [
  ['icate', 'ic'],
  ['ative', ''],
  ['alize', 'al'],
  ['iciti', 'ic'],
  ['ical', 'ic'],
  ['ness', ''],
  ['ful', ''],
];
const STEP_4: readonly string[] =
  'ement ance ence able ible ment ant ent ion ism ate iti ous ive ize al er ic ou'.split(' ');

const CONSONANTS = '[^aeiou][^aeiouy]*';
const VOWELS = '[aeiouy][aeiou]*';
/** Porter's measure m of a stem: at least one, exactly one, at least two vowel-consonant sequences. */
const MEASURE_OVER_0 = new RegExp(`^(?:${CONSONANTS})?${VOWELS}${CONSONANTS}`);
const MEASURE_IS_1 = new RegExp(`^(?:${CONSONANTS})?${VOWELS}${CONSONANTS}(?:${VOWELS})?$`);
const MEASURE_OVER_1 = new RegExp(
  `^(?:${CONSONANTS})?${VOWELS}${CONSONANTS}${VOWELS}${CONSONANTS}`,
);
const HAS_VOWEL = new RegExp(`^(?:${CONSONANTS})?[aeiouy]`);
/** Ends consonant-vowel-consonant, the last not w, x or y: `hop`, but not `snow`. */
const SHORT_END = new RegExp(`^${CONSONANTS}[aeiouy][^aeiouwxy]$`);
const DOUBLE_END = /([^aeiouylsz])\1$/;
const STEMMABLE = /^[a-z]{3,}$/;

/** The stem of one folded word; words under three letters and words with digits or other letters are kept. */
export function stemWord(word: string): string {
  const regular = IRREGULAR.get(word) ?? word;
  if (!STEMMABLE.test(regular)) return regular;
  const singular = withoutPlural(regular);
  const present = withYAsI(withoutPastOrGerund(singular));
  const derived = replaceSuffix(replaceSuffix(present, STEP_2), STEP_3);
  return withoutFinalE(withoutLongSuffix(derived));
}

/** A stemmer that remembers words it has seen; for one text or one call, never shared between calls. */
export function makeStemmer(): (word: string) => string {
  const seen = new Map<string, string>();
  return (word) => {
    const known = seen.get(word);
    if (known !== undefined) return known;
    const stem = stemWord(word);
    seen.set(word, stem);
    return stem;
  };
}

function withoutPlural(word: string): string {
  if (word.endsWith('sses') || word.endsWith('ies')) return word.slice(0, -2);
  if (word.endsWith('s') && !word.endsWith('ss')) return word.slice(0, -1);
  return word;
}

function withoutPastOrGerund(word: string): string {
  if (word.endsWith('eed')) {
    return MEASURE_OVER_0.test(word.slice(0, -3)) ? word.slice(0, -1) : word;
  }
  const cut = word.endsWith('ed') ? 2 : word.endsWith('ing') ? 3 : 0;
  if (cut === 0) return word;
  const stem = word.slice(0, -cut);
  return HAS_VOWEL.test(stem) ? mendedStem(stem) : word;
}

/** Gives back the letter that `-ed` or `-ing` took or added: `hoping` to `hope`, `hopping` to `hop`. */
function mendedStem(stem: string): string {
  if (/(?:at|bl|iz)$/.test(stem)) return `${stem}e`;
  if (DOUBLE_END.test(stem)) return stem.slice(0, -1);
  return MEASURE_IS_1.test(stem) && SHORT_END.test(stem) ? `${stem}e` : stem;
}

function withYAsI(word: string): string {
  return word.endsWith('y') && HAS_VOWEL.test(word.slice(0, -1)) ? `${word.slice(0, -1)}i` : word;
}

function replaceSuffix(word: string, rules: readonly Rule[]): string {
  const rule = rules.find(([suffix]) => word.endsWith(suffix));
  if (rule === undefined) return word;
  const stem = word.slice(0, -rule[0].length);
  return MEASURE_OVER_0.test(stem) ? stem + rule[1] : word;
}

function withoutLongSuffix(word: string): string {
  const suffix = STEP_4.find((ending) => word.endsWith(ending));
  if (suffix === undefined) return word;
  const stem = word.slice(0, -suffix.length);
  if (suffix === 'ion' && !/[st]$/.test(stem)) return word;
  return MEASURE_OVER_1.test(stem) ? stem : word;
}

function withoutFinalE(word: string): string {
  if (word.endsWith('e')) {
    const stem = word.slice(0, -1);
    if (MEASURE_OVER_1.test(stem)) return stem;
    if (MEASURE_OVER_0.test(stem) && !(MEASURE_IS_1.test(stem) && SHORT_END.test(stem)))
      return stem;
    return word;
  }
  return word.endsWith('ll') && MEASURE_OVER_1.test(word) ? word.slice(0, -1) : word;
}
