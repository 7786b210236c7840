/** Abbreviations after which a full stop does not end a sentence by itself, lower-case, without the last stop. */

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '));

/** A name or number belongs to it, when written with a capital: `Dr. Grey`, `Fig. 3`, `Col. Blake`. */
export const TITLES = words(
  'adm art capt cmdr col dr fig figs fr gen gov hon hr lt maj mme mr mrs ms mt nr prof rep rev sen sgt sig sra st ' +
    'vol',
);

/** The same sentence always goes on behind it: comparisons and explanations. */
export const NEVER_FINAL = words(
  'approx bzw ca cf e.g eg i.e ie incl nr pp resp s.a u.a vgl viz vs z.b zb',
);

/** May also close a sentence; the next word decides. */
export const SOMETIMES_FINAL = words(
  'a.d a.k.a a.m al apr aug ave avg b.c blvd bros co corp dec dept d.c dez est etc ext feb ff hrs inc jan jr jul ' +
    'jun ltd mar max md min mins mon no nov oct okt p.a p.m ph.d plc rd sec sep sept sq sr tel u.k u.n u.s u.s.a ' +
    'usw univ wed',
);

/** Words that begin a sentence far more often than they follow an abbreviation or an initial inside one. */
export const LIKELY_STARTERS = words(
  'a after all although an and as at because before both but by despite during each every for from he her here ' +
    'his how however i if in it its later many meanwhile more most next no nobody none not nothing of on once one ' +
    'only our she since so some that the their then there these they this those to today two under until we what ' +
    'when where while with yesterday you your',
);

/** Names of months by their first letters, for day numbers written with a stop (`14. Oktober`). */
export const MONTH_START =
  /^(?:jan|feb|febr|m[aäe]r|apr|avr|ma[ijy]\b|ju[nl]i|juin|juil|a[uo][gû]|sep|o[ckt]t|nov|d[eéi][czs])/iu;
