import type { Target } from '../../domain/job/attempt.ts';
import { targetName } from '../../domain/model/target-gate.ts';
import type { TargetGate } from '../../services/ports/targets/target-gates.ts';

/** A target's gate as runners reach it: a fresh stub for every call. */
export function makeGateOf(namespace: DurableObjectNamespace): (target: Target) => TargetGate {
  return (target) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the namespace is bound to TargetGateObject, whose methods are the port's
    const stub = () => namespace.getByName(targetName(target)) as unknown as TargetGate;
    return {
      exchange: (message) => stub().exchange(message),
      health: () => stub().health(),
      hold: (order) => stub().hold(order),
      release: (order) => stub().release(order),
    };
  };
}
