import type { Target } from '../../../domain/job/attempt.ts';
import type { ModelCall } from '../../../domain/model/model-call.ts';
import type { ShownRequest } from '../../../domain/shown-request.ts';
import type { TargetHealth } from '../../../domain/model/target-gate.ts';
import type { TargetView } from '../../../engine/world.ts';
import type { GateOrder } from './target-gates.ts';

/** What people may see of targets, and do to them; runners use `TargetGates`. */
export type TargetDesk = {
  /** What a route may know of a target without asking anyone. */
  view(target: Target): TargetView;
  /** What the deployment's gate has seen; null when it does not answer. Never throws. */
  health(target: Target): Promise<TargetHealth | null>;
  /** Lets no call through until `open`. Throws when the gate does not answer. */
  close(target: Target, order: GateOrder): Promise<TargetHealth>;
  /** Ends a hold, and forgets what made the gate close by itself. Throws when the gate does not answer. */
  open(target: Target, order: GateOrder): Promise<TargetHealth>;
  /** The request that a provider would be sent, as people may see it; null where there is none to see. */
  request(provider: string, call: ModelCall): ShownRequest | null;
  /** The targets that the setting `TARGET_LIMITS` names, without those that stand for a whole provider. */
  readonly limited: readonly Target[];
};
