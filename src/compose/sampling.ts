import { machine } from '../runtime/machine.ts';
import { makeSampleStore } from '../runtime/metrics/sample-store.ts';
import type { GatePorts } from '../runtime/gate/gate.ts';
import { writePoints } from '../runtime/telemetry/observe.ts';
import { pointOfCircuit, pointOfSample } from '../runtime/telemetry/operation-points.ts';
import { isMeasured } from './settings.ts';
import type { SampleDeps } from '../services/metrics/sampling/take-sample.ts';

/** What is sampled every minute; null in a deployment that measures nothing. */
export function samplingOf(
  env: Env,
  setting: (name: string) => string | undefined,
  parts: Pick<SampleDeps, 'backlogs' | 'desk' | 'log'>,
): SampleDeps | null {
  if (!isMeasured(setting)) return null;
  return {
    ...parts,
    store: makeSampleStore(env.DB),
    observe: (seen) => writePoints(env.MEASUREMENTS, seen.map(pointOfSample)),
    machine,
  };
}

/** A point for each change of a target's circuit. */
export function circuitPoints(env: Env): Required<Pick<GatePorts, 'observe'>> {
  return { observe: (change) => writePoints(env.MEASUREMENTS, [pointOfCircuit(change)]) };
}
