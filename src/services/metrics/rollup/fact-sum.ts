import type { JobFacts } from '../facts/fact.ts';
import { addFact } from './roll-up-facts.ts';
import { RollupSum, type Rollup } from './series.ts';

/**
 * Sums of facts that come piece by piece, in any order. A fact that comes again counts once; what stays in memory is the
 * sums and the names of facts, never the facts of a busy minute together.
 */
export class FactSum {
  readonly #sum = new RollupSum();
  readonly #seen = new Map<string, Set<number>>();
  #count = 0;

  add(jobs: readonly JobFacts[]): void {
    for (const job of jobs) {
      const seen = this.#seen.get(job.job) ?? new Set<number>();
      this.#seen.set(job.job, seen);
      for (const fact of job.facts) {
        if (seen.has(fact.seq)) continue;
        seen.add(fact.seq);
        this.#count += 1;
        addFact(this.#sum, job, fact);
      }
    }
  }

  /** How many facts have come. */
  get count(): number {
    return this.#count;
  }

  sum(): Rollup {
    return this.#sum.sum();
  }
}
