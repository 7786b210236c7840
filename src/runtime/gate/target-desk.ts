import type { Target } from '../../domain/job/attempt.ts';
import type { TargetView } from '../../engine/world.ts';
import { showRequest } from '../../providers/http/show-request.ts';
import type { ProviderAdapter } from '../../providers/port.ts';
import type { Log } from '../../services/ports/log.ts';
import { errorName } from '../../services/ports/log.ts';
import type { Machine } from '../../services/ports/runtime.ts';
import type { TargetDesk } from '../../services/ports/targets/target-desk.ts';
import type { TargetGate } from '../../services/ports/targets/target-gates.ts';
import { within } from '../../services/within.ts';

export type DeskParts = {
  readonly gateOf: (target: Target) => TargetGate;
  readonly view: (target: Target) => TargetView;
  readonly adapters: ReadonlyMap<string, ProviderAdapter>;
  readonly limited: readonly Target[];
  readonly machine: Pick<Machine, 'wait'>;
  readonly log: Log;
};

/** A gate that has not said how its target is by then is left out of the answer. */
const HEALTH_MS = 2_000;

/** Targets as people see and steer them. */
export function makeTargetDesk(parts: DeskParts): TargetDesk {
  const { gateOf, view, adapters, limited } = parts;
  return {
    view,
    limited,
    health: (target) => health(parts, target),
    close: (target, order) => gateOf(target).hold(order),
    open: (target, order) => gateOf(target).release(order),
    request(provider, call) {
      const adapter = adapters.get(provider);
      return adapter === undefined ? null : showRequest(adapter, call);
    },
  };
}

async function health({ gateOf, machine, log }: DeskParts, target: Target) {
  try {
    return await within(machine, HEALTH_MS, gateOf(target).health());
  } catch (error) {
    log('warn', 'target.health_unread', { ...target, error: errorName(error) });
    return null;
  }
}
