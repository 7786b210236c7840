import type { MetricsStore } from '../../ports/metrics-store.ts';
import type { Machine } from '../../ports/runtime.ts';
import type { Kept } from './window.ts';

export type MetricsDeps = {
  readonly metrics: { readonly store: MetricsStore; readonly kept: Kept };
  readonly machine: Pick<Machine, 'nowMs'>;
};
