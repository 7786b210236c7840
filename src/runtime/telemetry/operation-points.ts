import { DEPLOYMENT } from '../../domain/ids.ts';
import type { QueueSample, TargetSample } from '../../services/metrics/facts/fact.ts';
import { circuitWord } from '../../services/targets/target-state.ts';
import type { CircuitChange } from '../gate/gate.ts';
import { pointOf, type Point } from './columns.ts';

/** Points of what belongs to no project: how queues and targets stood at a sample, and when a circuit changed. */

export function pointOfSample(sample: QueueSample | TargetSample): Point {
  if (sample.kind === 'target_sample') {
    const { kind, provider, model, state } = sample;
    return pointOf(DEPLOYMENT, { kind, provider, model, outcome: state }, {});
  }
  const { kind, queue, messages, oldest_age_ms: ageMs } = sample;
  return pointOf(DEPLOYMENT, { kind, queue }, { messages, queue_wait_ms: ageMs });
}

export function pointOfCircuit({ target, state, because }: CircuitChange): Point {
  const outcome = circuitWord({ state });
  const texts = { kind: 'circuit', ...target, outcome, failure_class: because ?? '' };
  return pointOf(DEPLOYMENT, texts, {});
}
