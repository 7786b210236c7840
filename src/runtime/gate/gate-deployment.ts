import type { Target } from '../../domain/job/attempt.ts';
import type { TargetLimits } from '../../domain/model/target-gate.ts';
import { readTargetLimits } from '../../services/gates/target-limits.ts';
import { makeTargetGates } from '../../services/gates/target-gates.ts';
import type { Log } from '../../services/ports/log.ts';
import type { Machine } from '../../services/ports/runtime.ts';
import type { TargetGates } from '../../services/ports/targets/target-gates.ts';
import { makeGateOf } from './gate-client.ts';

export type GateParts = {
  readonly namespace: DurableObjectNamespace;
  /** The setting `TARGET_LIMITS`. */
  readonly limits: string | undefined;
  readonly providers: readonly string[];
  readonly machine: Machine;
  readonly log: Log;
};

export type GatesOfDeployment = {
  readonly gates: TargetGates;
  readonly limitsOf: (target: Target) => TargetLimits;
  /** The targets that the setting names one by one. */
  readonly limited: readonly Target[];
  /** What is wrong with the settings, one sentence each. */
  readonly settingProblems: readonly string[];
};

/** The gates of a deployment's targets. A wrong setting is told, and keeps nothing from working. */
export function makeGates({
  namespace,
  limits,
  providers,
  machine,
  log,
}: GateParts): GatesOfDeployment {
  const { limitsOf, named, problems } = readTargetLimits(limits, providers);
  for (const problem of problems) log('error', 'settings.wrong', { problem });
  const gates = makeTargetGates({ gateOf: makeGateOf(namespace), limitsOf, machine, log });
  return { gates, limitsOf, limited: named, settingProblems: problems };
}
