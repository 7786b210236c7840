import type { NanoUsd } from '../../../domain/money.ts';

/** What a step costs, as numbers that can be added up. */
export type StepCost = {
  readonly estimatedNanoUsd: NanoUsd | null;
  readonly atMostNanoUsd: NanoUsd | null;
  readonly unknown: readonly string[];
};

export function sumOf(costs: readonly StepCost[]): StepCost {
  return costs.reduce(
    (sum, cost) => ({
      estimatedNanoUsd: plus(sum.estimatedNanoUsd, cost.estimatedNanoUsd),
      atMostNanoUsd: plus(sum.atMostNanoUsd, cost.atMostNanoUsd),
      unknown: [...sum.unknown, ...cost.unknown],
    }),
    { estimatedNanoUsd: 0, atMostNanoUsd: 0, unknown: [] },
  );
}

function plus(left: number | null, right: number | null): number | null {
  return left === null || right === null ? null : left + right;
}
