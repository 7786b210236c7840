/**
 * What `wordlist-moderation-1` looks for: English words and phrases, in lower case without apostrophes, each with how
 * much one occurrence says (0 to 1). Words that have a harmless sense weigh less than the threshold, so that it takes
 * two of them.
 */
export const moderationCategories = ['profanity', 'insults', 'threats', 'self_harm'] as const;
type ModerationCategory = (typeof moderationCategories)[number];

type Entries = Readonly<Record<string, readonly string[]>>;

/** By weight. */
const profanity: Entries = {
  '0.9': [
    'fuck',
    'fucks',
    'fucked',
    'fucker',
    'fuckers',
    'fucking',
    'fuckin',
    'motherfucker',
    'motherfuckers',
    'motherfucking',
    'cunt',
    'cunts',
    'shit',
    'shits',
    'shitty',
    'shithead',
    'bullshit',
    'horseshit',
    'asshole',
    'assholes',
    'arsehole',
    'arseholes',
    'wanker',
    'wankers',
    'twat',
    'twats',
    'dickhead',
    'dickheads',
    'bitch',
    'bitches',
    'stfu',
  ],
  '0.6': [
    'bastard',
    'bastards',
    'piss off',
    'pissed off',
    'bollocks',
    'goddamn',
    'wtf',
    'jackass',
    'dumbass',
  ],
  '0.3': [
    'ass',
    'arse',
    'crap',
    'crappy',
    'damn',
    'damned',
    'piss',
    'pissed',
    'prick',
    'dick',
    'cock',
    'bloody hell',
  ],
};

const insults: Entries = {
  '0.7': [
    'you idiot',
    'you moron',
    'you are an idiot',
    'you are a moron',
    'youre an idiot',
    'youre a moron',
    'you are stupid',
    'youre stupid',
    'you are worthless',
    'youre worthless',
    'you are pathetic',
    'youre pathetic',
    'you are disgusting',
    'youre disgusting',
    'piece of shit',
    'piece of garbage',
    'piece of trash',
    'scumbag',
    'scumbags',
    'shut up',
    'nobody likes you',
    'everyone hates you',
    'i hate you',
  ],
  '0.4': [
    'idiot',
    'idiots',
    'moron',
    'morons',
    'imbecile',
    'loser',
    'losers',
    'retard',
    'scum',
    'dumbass',
    'jackass',
  ],
  '0.2': ['stupid', 'dumb', 'pathetic', 'ugly'],
};

const threats: Entries = {
  '0.9': [
    'kill you',
    'kill him',
    'kill her',
    'kill them',
    'kill everyone',
    'kill them all',
    'kill your family',
    'murder you',
    'murder him',
    'murder her',
    'murder them',
    'shoot you',
    'shoot them',
    'shoot up the',
    'stab you',
    'strangle you',
    'beat you up',
    'beat you to death',
    'break your legs',
    'break your neck',
    'cut your throat',
    'slit your throat',
    'burn your house',
    'burn you alive',
    'blow you up',
    'plant a bomb',
    'bomb the',
    'rape you',
  ],
  '0.6': [
    'hurt you',
    'you will die',
    'you are going to die',
    'youre going to die',
    'you are dead',
    'youre dead',
    'kill yourself',
    'make you pay',
    'make you suffer',
    'you will regret',
    'i know where you live',
    'i will find you',
    'watch your back',
  ],
  '0.3': ['kill', 'murder', 'bomb', 'massacre'],
};

const selfHarm: Entries = {
  '0.9': [
    'kill myself',
    'killing myself',
    'end my life',
    'ending my life',
    'take my own life',
    'taking my own life',
    'hang myself',
    'hurt myself',
    'hurting myself',
    'harm myself',
    'harming myself',
    'cut myself',
    'cutting myself',
    'want to die',
    'wanna die',
    'wish i was dead',
    'wish i were dead',
    'better off dead',
    'kill yourself',
    'suicidal',
    'kys',
  ],
  '0.6': [
    'suicide',
    'self harm',
    'selfharm',
    'no reason to live',
    'nothing to live for',
    'kms',
    'commit suicide',
  ],
  '0.3': ['overdose', 'overdosing', 'hopeless', 'worthless'],
};

export type ListedPhrase = {
  readonly category: ModerationCategory;
  readonly words: readonly string[];
  readonly weight: number;
};

export const listedPhrases: readonly ListedPhrase[] = [
  ...phrasesOf('profanity', profanity),
  ...phrasesOf('insults', insults),
  ...phrasesOf('threats', threats),
  ...phrasesOf('self_harm', selfHarm),
];

function phrasesOf(category: ModerationCategory, entries: Entries): ListedPhrase[] {
  return Object.entries(entries).flatMap(([weight, phrases]) =>
    phrases.map((phrase) => ({ category, words: phrase.split(' '), weight: Number(weight) })),
  );
}
