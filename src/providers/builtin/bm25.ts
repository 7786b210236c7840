/**
 * `bm25-rank-1`: orders passages by how well they answer a query, word by word. Okapi BM25 (S. Robertson,
 * H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009) over stemmed words, with three
 * additions: how much of the query the passage covers, how much of it stands close together (with something of the
 * shape that the question asks for), and how many neighbouring query words are neighbours in the passage.
 *
 * Limits: words must meet, if only by their stems; a passage in other words is not found. Stems, stop words and
 * question words are English. Rarity is counted over the passages of the call, so scores of two calls do not compare.
 * Cost: linear in the total length of the passages, times the number of query words at worst.
 */
import type { RerankResult } from '../../domain/model/model-call.ts';
import { bestWindow, neighbourShare } from './closeness.ts';
import { answerShape } from './answer-shape.ts';
import { readPassage, type Passage } from './passage.ts';
import {
  expandQuery,
  weighedQuery,
  type QueryTerm,
  type WeighedQuery,
  type WeighedTerm,
} from './query.ts';
import { makeStemmer } from './text/stem.ts';
import { addCount } from './text/tokens.ts';

/** Saturation of repeated words, and strength of length normalisation: the usual values of the literature. */
const K1 = 1.2;
const B = 0.75;
/** Parts of the score; they add up to 1, and each part is 0 to 1. */
const SHARES = { bm25: 0.45, coverage: 0.15, closeness: 0.25, neighbours: 0.15 } as const;

/**
 * The `topN` best documents, best first; equal scores keep the order of the call. A score is the share of what a
 * passage could reach at most for this query: 1 would be every query word, endlessly repeated, in one sentence;
 * 0 is no word in common.
 */
export function rankDocuments(
  query: string,
  documents: readonly string[],
  topN: number,
): RerankResult {
  const stem = makeStemmer();
  const shape = answerShape(query);
  const passages = documents.map((document) => readPassage(document, stem, shape));
  const expanded = expandQuery(query, documentFrequencies(passages), stem);
  const weighed = weighedQuery(weighTerms(expanded, passages));
  const words = passages.reduce((sum, { stems }) => sum + stems.length, 0);
  const averageLength = words / passages.length;
  const results = passages
    .map((passage, index) => ({ index, score: scorePassage(passage, weighed, averageLength) }))
    .toSorted((left, right) => right.score - left.score || left.index - right.index)
    .slice(0, topN);
  return { kind: 'rerank', results };
}

function documentFrequencies(passages: readonly Passage[]): Map<string, number> {
  const frequencies = new Map<string, number>();
  for (const { counts } of passages) {
    for (const word of counts.keys()) addCount(frequencies, word, 1);
  }
  return frequencies;
}

/** Gives each term BM25's idf in the form that never turns negative: `ln(1 + (N - n + 0.5) / (n + 0.5))`. */
function weighTerms(terms: readonly QueryTerm[], passages: readonly Passage[]): WeighedTerm[] {
  return terms.map((term) => {
    const holding = passages.filter(({ counts }) => countOf(counts, term) > 0).length;
    const idf = Math.log(1 + (passages.length - holding + 0.5) / (holding + 0.5));
    return { ...term, worth: idf * term.weight };
  });
}

function countOf(counts: ReadonlyMap<string, number>, term: QueryTerm): number {
  let count = 0;
  for (const [variant, likeness] of term.variants) count += likeness * (counts.get(variant) ?? 0);
  return count;
}

function scorePassage(passage: Passage, query: WeighedQuery, averageLength: number): number {
  if (query.worth === 0 || passage.stems.length === 0) return 0;
  const longness = 1 - B + (B * passage.stems.length) / averageLength;
  let saturated = 0;
  let covered = 0;
  for (const term of query.terms) {
    const count = countOf(passage.counts, term);
    saturated += (term.worth * count) / (count + K1 * longness);
    covered += term.worth * Math.min(1, count);
  }
  const score =
    (SHARES.bm25 * saturated) / query.worth +
    (SHARES.coverage * covered) / query.worth +
    SHARES.closeness * bestWindow(passage, query) +
    SHARES.neighbours * neighbourShare(passage, query);
  return Math.round(score * 1e6) / 1e6;
}
