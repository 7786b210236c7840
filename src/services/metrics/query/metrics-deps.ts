import type { MetricsStore, RollupStore } from '../../ports/metrics-store.ts';
import type { Machine } from '../../ports/runtime.ts';
import type { Kept } from './window.ts';

export type MetricsDeps = {
  readonly metrics: {
    readonly store: MetricsStore & Pick<RollupStore, 'mark'>;
    readonly kept: Kept;
  };
  readonly machine: Pick<Machine, 'nowMs'>;
};
