/**
 * `extractive-summary-1`: picks whole sentences out of a text; it writes nothing of its own. A sentence counts for
 * much when it says what many others say (centrality), carries figures, causes or effects (informativeness),
 * stands at the beginning, and shares words with the headings; sentences that repeat a chosen one are passed over.
 *
 * Limits: a sentence that only makes sense after the one before it may be picked alone; causes and effects are
 * recognised in English only. Cost: linear in the text for splitting and a first score; the graph is built over
 * the best `CANDIDATES_MAX` sentences at most.
 */
import type { SummarizeResult } from '../../domain/model/model-call.ts';
import { centralities } from './centrality.ts';
import { informativeness } from './informative.ts';
import { findSentences, type Sentence } from './text/sentences.ts';
import { dot, tfIdfVectors, unit, type SparseVector } from './text/vectors.ts';

type Candidate = {
  readonly sentence: Sentence;
  readonly text: string;
  readonly vector: SparseVector;
  /** Informativeness, 0 to 1. */
  readonly facts: number;
  /** The score without centrality, 0 to 1. */
  readonly prior: number;
};

/** Sentences in the similarity graph at most; the others are dropped by their first score. */
const CANDIDATES_MAX = 400;

/** Parts of a sentence's score; they add up to 1. */
const WEIGHTS = { centrality: 0.35, informativeness: 0.35, position: 0.2, headings: 0.1 } as const;
/** In a text of this many sentences centrality counts half; the other half goes to the facts. */
const CENTRALITY_HALF_TRUST = 8;
/** What a kind of block is worth as part of a summary. */
const KIND_FACTOR = {
  prose: 1,
  item: 0.9,
  field: 0.4,
  row: 0.35,
  code: 0.15,
  heading: 0.1,
} as const;
/** Trade-off of maximal marginal relevance: 1 ignores repetition (Carbonell, Goldstein, SIGIR 1998). */
const RELEVANCE_SHARE = 0.75;

/** Words in a sentence that reads well in a summary. */
const WORDS_FEW = 8;
const WORDS_MANY = 35;

/** Opens by pointing back at something that the summary may not contain. */
const DANGLING =
  /^(?:it(?! took| was \d)|its|he|she|they|this|that|these|those|such|so|but|and|also|however|therefore|otherwise|here|then|for example|in addition|in hindsight|the (?:other|second|third|last|latter|former|same|next)|one of|another|neither|both)\b/i;
const SUMMING_TITLE =
  /\b(?:summary|abstract|overview|conclusions?|key (?:facts|findings|points|takeaways)|highlights|in short|tl;?dr|zusammenfassung|fazit|résumé|resumen|riassunto|samenvatting|sammanfattning)(?!\p{L})/iu;
/** Says what would have been, not what was. */
const HYPOTHETICAL = /\b(?:would|could|might|should) (?:not )?have\b/i;
/** An address to write to or a number to call, or what redaction left of one. */
const CONTACT = /\[[A-Z_]{3,}_?\d*\]|\S@\S+\.\w|\+\d[\d ()\u00A0-]{7,}/u;

/**
 * The `sentencesMax` best sentences in text order; fewer when the text has fewer. `score` is 0 to 1, comparable
 * within one text. `summary` is the sentences with white space collapsed, joined by spaces.
 */
export function summarize(text: string, sentencesMax: number): SummarizeResult {
  const candidates = candidatesOf(text);
  const central = centralities(candidates.map((candidate) => candidate.vector));
  const trust = candidates.length / (candidates.length + CENTRALITY_HALF_TRUST);
  const scores = candidates.map((candidate, index) => {
    const agreement = trust * (central[index] ?? 0) + (1 - trust) * candidate.facts;
    return (WEIGHTS.centrality * agreement + candidate.prior) * shapeFactor(candidate);
  });
  const sentences = pickDiverse(candidates, scores, sentencesMax)
    .toSorted((left, right) => left - right)
    .flatMap((index) => {
      const candidate = candidates[index];
      if (candidate === undefined) return [];
      const { start, end } = candidate.sentence;
      return [{ text: candidate.text, start, end, score: rounded(scores[index] ?? 0) }];
    });
  const summary = sentences.map((sentence) => sentence.text.replace(/\s+/gu, ' ')).join(' ');
  return { kind: 'summarize', summary, sentences };
}

/** The sentences worth comparing, in text order, headings left out unless there is nothing else. */
function candidatesOf(text: string): Candidate[] {
  const all = findSentences(text);
  const body = all.filter((sentence) => sentence.kind !== 'heading');
  const sentences = body.length === 0 ? all : body;
  const textOf = ({ start, end }: Sentence): string => text.slice(start, end);
  const vectors = tfIdfVectors(sentences.map(textOf));
  const titles = new Map(
    tfIdfVectors(all.filter(({ kind }) => kind === 'heading').map(textOf)).flatMap((v) => [...v]),
  );
  const headingVector = unit(titles);
  const summing = summingBlocks(text, all);
  const candidates = sentences.map((sentence, index): Candidate => {
    const vector = vectors[index] ?? new Map<string, number>();
    const facts = informativeness(textOf(sentence));
    const prior =
      WEIGHTS.informativeness * facts +
      WEIGHTS.position * positionScore(sentence, index, summing.has(sentence.block)) +
      WEIGHTS.headings * Math.min(1, 3 * dot(vector, headingVector));
    return { sentence, text: textOf(sentence), vector, facts, prior };
  });
  return bestByPrior(candidates);
}

function bestByPrior(candidates: readonly Candidate[]): Candidate[] {
  if (candidates.length <= CANDIDATES_MAX) return [...candidates];
  return candidates
    .map((candidate, index) => ({
      candidate,
      index,
      worth: candidate.prior * shapeFactor(candidate),
    }))
    .toSorted((left, right) => right.worth - left.worth || left.index - right.index)
    .slice(0, CANDIDATES_MAX)
    .toSorted((left, right) => left.index - right.index)
    .map(({ candidate }) => candidate);
}

/** Blocks under a heading that promises a summary: their author has done part of the work. */
function summingBlocks(text: string, sentences: readonly Sentence[]): ReadonlySet<number> {
  const blocks = new Set<number>();
  let isSumming = false;
  for (const { kind, start, end, block } of sentences) {
    if (kind === 'heading') isSumming = SUMMING_TITLE.test(text.slice(start, end));
    else if (isSumming) blocks.add(block);
  }
  return blocks;
}

/** Highest for the opening of the text and for summing sections, then for the first sentence of a paragraph. */
function positionScore(sentence: Sentence, index: number, isSumming: boolean): number {
  const opening = isSumming ? 1 : 1 / (1 + index / 4);
  const inParagraph = sentence.kind === 'item' ? 0.4 : 1 / (1 + sentence.inBlock);
  return 0.5 * opening + 0.5 * inParagraph;
}

/** Lowers what reads badly alone: fragments, monsters, questions, sentences that point back. 0 to 1. */
function shapeFactor({ sentence, text, vector }: Candidate): number {
  if (vector.size === 0) return 0.05;
  const words = text.split(/\s+/u).length;
  const ideographs = text.match(/\p{Script=Han}/gu)?.length ?? 0;
  const length = words + ideographs / 2;
  const brevity = Math.min(1, 0.4 + (0.6 * length) / WORDS_FEW);
  const excess = Math.min(1, WORDS_MANY / length);
  const asks = /[?？]["'”’)]*$/u.test(text) ? 0.6 : 1;
  const dangles = DANGLING.test(text) ? 0.8 : 1;
  const supposes = HYPOTHETICAL.test(text) ? 0.7 : 1;
  const contacts = CONTACT.test(text) ? 0.7 : 1;
  const introduces = /[:：]$/u.test(text) ? 0.6 : 1;
  return (
    KIND_FACTOR[sentence.kind] *
    brevity *
    excess *
    asks *
    dangles *
    supposes *
    contacts *
    introduces
  );
}

/** Maximal marginal relevance: repeatedly the best sentence that is not too like those already taken. */
function pickDiverse(
  candidates: readonly Candidate[],
  scores: readonly number[],
  countMax: number,
): number[] {
  const picked: number[] = [];
  const likeness = candidates.map(() => 0);
  while (picked.length < Math.min(countMax, candidates.length)) {
    let best = -1;
    let bestValue = -Infinity;
    for (const index of candidates.keys()) {
      const value =
        RELEVANCE_SHARE * (scores[index] ?? 0) - (1 - RELEVANCE_SHARE) * (likeness[index] ?? 0);
      if (value > bestValue && !picked.includes(index)) [best, bestValue] = [index, value];
    }
    picked.push(best);
    noteLikeness(candidates, likeness, best);
  }
  return picked;
}

function noteLikeness(candidates: readonly Candidate[], likeness: number[], taken: number): void {
  const vector = candidates[taken]?.vector ?? new Map<string, number>();
  for (const [index, candidate] of candidates.entries()) {
    likeness[index] = Math.max(likeness[index] ?? 0, dot(candidate.vector, vector));
  }
}

function rounded(score: number): number {
  return Math.round(Math.min(1, score) * 1e4) / 1e4;
}
