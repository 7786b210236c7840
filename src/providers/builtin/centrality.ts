/**
 * Which sentences say what the others say: PageRank over the graph of their similarities (G. Erkan, D. R. Radev,
 * "LexRank: graph-based lexical centrality as salience in text summarization", JAIR 22, 2004, continuous form).
 */
import { addCount } from './text/tokens.ts';
import type { SparseVector } from './text/vectors.ts';

/** Probability of following an edge, PageRank's usual value. */
const DAMPING = 0.85;
const ITERATIONS_MAX = 40;
const CONVERGED_BELOW = 1e-6;
/** Similarities below this are noise from one shared common word. */
const EDGE_MIN = 0.05;

type Edges = readonly ReadonlyMap<number, number>[];

/**
 * Centrality of each vector, scaled so that the most central has 1.
 * Cost: at most `n² * words per sentence` additions through an index of words, and 40 passes over the edges.
 */
export function centralities(vectors: readonly SparseVector[]): number[] {
  const edges = similarityGraph(vectors);
  const outgoing = edges.map((row) => sum(row.values()));
  let ranks = vectors.map(() => 1);
  for (let iteration = 0; iteration < ITERATIONS_MAX; iteration += 1) {
    const next = spread(edges, outgoing, ranks);
    const change = sum(next.map((rank, index) => Math.abs(rank - (ranks[index] ?? 0))));
    ranks = next;
    if (change < CONVERGED_BELOW) break;
  }
  const highest = Math.max(...ranks, Number.MIN_VALUE);
  return ranks.map((rank) => rank / highest);
}

function spread(edges: Edges, outgoing: readonly number[], ranks: readonly number[]): number[] {
  return edges.map((row) => {
    let received = 0;
    for (const [from, weight] of row) {
      received += (weight * (ranks[from] ?? 0)) / (outgoing[from] ?? 1);
    }
    return 1 - DAMPING + DAMPING * received;
  });
}

function similarityGraph(vectors: readonly SparseVector[]): Edges {
  const byWord = new Map<string, [number, number][]>();
  const edges: Map<number, number>[] = [];
  for (const [index, vector] of vectors.entries()) {
    const row = new Map<number, number>();
    for (const [word, weight] of vector) {
      const earlier = byWord.get(word);
      for (const [other, otherWeight] of earlier ?? []) addCount(row, other, weight * otherWeight);
      if (earlier === undefined) byWord.set(word, [[index, weight]]);
      else earlier.push([index, weight]);
    }
    edges.push(new Map([...row].filter(([, similarity]) => similarity >= EDGE_MIN)));
  }
  for (const [index, row] of edges.entries()) {
    for (const [other, similarity] of row) if (other < index) edges[other]?.set(index, similarity);
  }
  return edges;
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
