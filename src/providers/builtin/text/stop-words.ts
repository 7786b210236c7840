/**
 * English words that carry grammar rather than content, as `tokenize` spells them: contractions fall apart at
 * the apostrophe, so `don` and `t` stand for "don't".
 */
const STOP_WORDS: ReadonlySet<string> = new Set(
  (
    'a about above after again against ain all already also although always am among an and another any anyone ' +
    'anything are aren around as at away be became because become been before being below between both but by ' +
    'can cannot could couldn d did didn do does doesn doing don done down during each either else ever every ' +
    'everyone everything few for from further get gets getting got had hadn has hasn have haven having he her ' +
    'here hers herself him himself his how however i if in instead into is isn it its itself just let like ll m ' +
    'made make makes many may me might mightn more most much must mustn my myself need neither no nobody none ' +
    'nor not nothing now o of off often on once one only onto or other others ought our ours ourselves out over ' +
    'own per please quite rather re really s same shall shan she should shouldn simply since so some someone ' +
    'something still such t than that the their theirs them themselves then there these they thing things this ' +
    'those though through thus to together too toward towards under until up upon us use used very via was wasn ' +
    'we were weren what whatever when where whether which while who whom whose why will with within without won ' +
    'would wouldn yes yet you your yours yourself yourselves'
  ).split(' '),
);

/** True for a folded word that says nothing about a text's subject. */
export function isStopWord(word: string): boolean {
  return STOP_WORDS.has(word);
}
