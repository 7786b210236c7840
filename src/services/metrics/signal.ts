import type { SetName } from './rollup/series.ts';

/** Something that is measured. */
export type Signal = {
  readonly name: string;
  readonly meaning: string;
  readonly unit: 'count' | 'ratio' | 'ms' | 'nano_usd' | 'tokens' | 'units' | 's' | 'state';
  /** Where in the system, and from what. */
  readonly measured: string;
} & Measure;

type Measure =
  /** What happened, added up. */
  | {
      readonly kind: 'sum';
      readonly sets: readonly SetName[];
      /** Dimensions of its sets that say nothing of it. */
      readonly without?: readonly string[];
    }
  /** How values are distributed: count, mean and percentiles. */
  | { readonly kind: 'distribution'; readonly sets: readonly SetName[] }
  /** How something stood, looked at once a minute: a distribution of what was seen. */
  | { readonly kind: 'sampled'; readonly sets: readonly SetName[] }
  /** One sum over another: over the one of the same group, but for dimensions that only tell apart what is above the line. */
  | {
      readonly kind: 'ratio';
      readonly sets: readonly SetName[];
      readonly of: string;
      readonly over: string;
      /** How much of the sum makes up one; 1 if absent. */
      readonly scale?: number;
      /** Such dimensions: failures have a class, and are a share of all attempts. */
      readonly above?: readonly string[];
      /** Dimensions of its sets that say nothing of it. */
      readonly without?: readonly string[];
    }
  /** How it stands at the moment of the question; not kept. */
  | { readonly kind: 'gauge' };
