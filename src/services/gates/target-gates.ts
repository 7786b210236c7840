import type { Target } from '../../domain/job/attempt.ts';
import { targetName, type TargetLimits } from '../../domain/model/target-gate.ts';
import { MEASURES_MAX, type TargetMeasure } from '../../domain/model/target-measure.ts';
import type { Log } from '../ports/log.ts';
import type { Machine } from '../ports/runtime.ts';
import type { TargetGate, TargetGates } from '../ports/targets/target-gates.ts';
import { LocalGate } from './local-gate.ts';

export type TargetGatesDeps = {
  readonly gateOf: (target: Target) => TargetGate;
  readonly limitsOf: (target: Target) => TargetLimits;
  readonly machine: Pick<Machine, 'nowMs' | 'newUuid' | 'wait'>;
  readonly log: Log;
};

/** Pipelines may name any model: so many targets are remembered. */
const TARGETS_MAX = 1_000;
/** So many gates are told at once of what they have not heard. */
const CATCH_UP_MAX = 4;

/** The gates of all targets as one isolate sees them. */
export function makeTargetGates({ gateOf, limitsOf, machine, log }: TargetGatesDeps): TargetGates {
  const locals = new Map<string, LocalGate>();
  let name: string | null = null;
  const runner = (): string => (name ??= machine.newUuid());

  function localOf(target: Target): LocalGate {
    const key = targetName(target);
    const known = locals.get(key);
    if (known !== undefined) return known;
    forgetOne(locals);
    const deps = { gate: gateOf(target), limits: limitsOf(target), target, runner, machine, log };
    const local = new LocalGate(deps);
    locals.set(key, local);
    return local;
  }

  return {
    admit: (target, call) => localOf(target).admit(call),
    report: (target, end) => localOf(target).report(end),
    settle: (permit, end) => localOf(permit.target).settle(permit, end),
    renew: (permit) => localOf(permit.target).renew(permit),
    async catchUp() {
      const behind = [...locals.values()].filter(({ isBehind }) => isBehind);
      await Promise.all(behind.slice(0, CATCH_UP_MAX).map((local) => local.catchUp()));
    },
    measures: () => measuresOf(locals.values()),
  };
}

/** Those that were heard of last, as far as there is room. */
function measuresOf(locals: Iterable<LocalGate>): readonly TargetMeasure[] {
  const measures = [...locals].flatMap(({ measure }) => measure ?? []);
  if (measures.length <= MEASURES_MAX) return measures;
  return measures.toSorted((left, right) => left.ageMs - right.ageMs).slice(0, MEASURES_MAX);
}

function forgetOne(locals: Map<string, LocalGate>): void {
  if (locals.size < TARGETS_MAX) return;
  const oldest = [...locals].find(([, local]) => local.idle);
  if (oldest !== undefined) locals.delete(oldest[0]);
}
