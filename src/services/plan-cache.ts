import type { Definition } from '../domain/definition.ts';
import { makePlan, type Plan } from '../engine/plan.ts';

/** Compiled definitions by content hash, the least recently used going first. */
export type PlanCache = {
  get(hash: string): Plan | undefined;
  put(hash: string, definition: Definition): Plan;
};

export function makePlanCache(plansMax: number): PlanCache {
  const plans = new Map<string, Plan>();
  function remember(hash: string, plan: Plan): Plan {
    plans.delete(hash);
    plans.set(hash, plan);
    const [oldest] = plans.keys();
    if (plans.size > plansMax && oldest !== undefined) plans.delete(oldest);
    return plan;
  }
  return {
    get(hash) {
      const plan = plans.get(hash);
      return plan === undefined ? undefined : remember(hash, plan);
    },
    put(hash, definition) {
      const known = plans.get(hash);
      if (known !== undefined) return remember(hash, known);
      const result = makePlan(definition);
      if (!result.ok) throw new Error(`the stored definition ${hash} does not compile`);
      return remember(hash, result.plan);
    },
  };
}
