import type { MetricsStore, RollupStore } from '../../ports/metrics-store.ts';
import type { Machine } from '../../ports/runtime.ts';
import type { Kept } from './window.ts';

export type MetricsDeps = {
  readonly metrics: {
    readonly store: MetricsStore & Pick<RollupStore, 'mark'>;
    readonly kept: Kept;
    /** True in a deployment that measures nothing: there is only what was measured before. */
    readonly unmeasured?: boolean;
  };
  readonly machine: Pick<Machine, 'nowMs'>;
};
