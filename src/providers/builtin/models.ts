/** The models of the builtin provider: computations inside the Worker, without a key, a network or training. */
import type { ModelKind, ModelResult } from '../../domain/model/model-call.ts';
import { DIMENSIONS_MAX } from './embed.ts';
import { languageCodes } from './language-profiles.ts';
import { moderationCategories } from './moderation/word-lists.ts';

/** What builtin models do. */
export const builtinKinds = [
  'embed',
  'classify',
  'rerank',
  'summarize',
  'moderate',
] as const satisfies readonly ModelKind[];
export type BuiltinKind = (typeof builtinKinds)[number];

export type BuiltinResult = Extract<ModelResult, { readonly kind: BuiltinKind }>;

export type BuiltinModel = {
  readonly kind: BuiltinKind;
  /** One sentence for users: what the model does, and how. */
  readonly description: string;
  /** One sentence for users: where it is weak. */
  readonly weakness: string;
  readonly limits: {
    /** Text in one call, all its texts together, in UTF-16 units; a longer call is refused. */
    readonly charactersMax: number;
    /** Texts or documents in one call; 1 for a model that takes a single text. */
    readonly itemsMax: number;
    /** What comes back at most: sentences, labels, documents, or numbers in a vector. */
    readonly answerMax: number;
    /** Candidate labels in one call; 0 for a model that takes none. */
    readonly labelsMax: number;
  };
};

export const builtinModels = {
  'extractive-summary-1': {
    kind: 'summarize',
    description:
      'Picks whole sentences of the text by graph centrality, position and factual content, without repetition.',
    weakness:
      'Writes nothing of its own, and recognises words of cause and effect in English only.',
    limits: { charactersMax: 1_000_000, itemsMax: 1, answerMax: 200, labelsMax: 0 },
  },
  'hashed-embedding-1': {
    kind: 'embed',
    description:
      'Turns a text into a vector of hashed words, word pairs and letter groups (64 to 1024 dimensions, 256 unless asked).',
    weakness: 'Compares spelling, not meaning: synonyms and translations are far apart.',
    limits: { charactersMax: 1_000_000, itemsMax: 1_000, answerMax: DIMENSIONS_MAX, labelsMax: 0 },
  },
  'bm25-rank-1': {
    kind: 'rerank',
    description:
      'Orders passages by Okapi BM25 over stemmed words, with credit for covering the query and for closeness.',
    weakness: 'Finds only passages that share words with the query, if by their stems.',
    limits: { charactersMax: 2_000_000, itemsMax: 2_000, answerMax: 2_000, labelsMax: 0 },
  },
  'keyword-topics-1': {
    kind: 'classify',
    description:
      'Scores your labels by how present the words of their names and descriptions are in the text.',
    weakness:
      'Reads words, not meaning, and needs a description for a label that texts never name.',
    limits: { charactersMax: 1_000_000, itemsMax: 1, answerMax: 100, labelsMax: 100 },
  },
  'language-id-1': {
    kind: 'classify',
    description:
      'Names the language of a text (ISO 639-1) by script, frequent small words and letter groups.',
    weakness:
      'Answers the nearest of its languages for any other in the same script, and needs about 60 characters.',
    limits: {
      charactersMax: 1_000_000,
      itemsMax: 1,
      answerMax: languageCodes.length + 1,
      labelsMax: 0,
    },
  },
  'wordlist-moderation-1': {
    kind: 'moderate',
    description:
      'Looks for English words and phrases of a short list (profanity, insults, threats, self-harm), also in the usual disguises.',
    weakness:
      'Understands nothing: it flags quotations and denials, and misses other words, other languages and images.',
    limits: {
      charactersMax: 1_000_000,
      itemsMax: 1,
      answerMax: moderationCategories.length,
      labelsMax: 0,
    },
  },
} as const satisfies Readonly<Record<string, BuiltinModel>>;

export type BuiltinModelName = keyof typeof builtinModels;

/** The only way a plain string becomes a `BuiltinModelName`. */
export function isBuiltinModelName(name: string): name is BuiltinModelName {
  return Object.hasOwn(builtinModels, name);
}

export function isBuiltinKind(kind: ModelKind): kind is BuiltinKind {
  return builtinKinds.some((own) => own === kind);
}
