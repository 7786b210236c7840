import { DurableObject } from 'cloudflare:workers';

import type { Target } from '../../domain/job/attempt.ts';
import { targetOf, type TargetHealth, type TargetLimits } from '../../domain/model/target-gate.ts';
import type { Log } from '../../services/ports/log.ts';
import type {
  GateAnswer,
  GateMessage,
  GateOrder,
} from '../../services/ports/targets/target-gates.ts';
import { sqlOf } from '../object-sql.ts';
import { Gate, type GatePorts } from './gate.ts';

/** What a gate needs of the deployment. `index.ts` says where it comes from. */
export type GateDeployment = {
  readonly log: Log;
  readonly limitsOf: (target: Target) => TargetLimits;
} & Pick<GatePorts, 'observe'>;

/** The Durable Object around a target's gate: storage and clock, and nothing else. It has no alarm. */
export class TargetGateObject extends DurableObject<Env> {
  readonly #gate: Gate;

  /** Set by the Worker's entry before any object is made; a class has no other way to its deployment. */
  static deployment: (env: Env) => GateDeployment = () => {
    throw new Error('the entry has not told the gates where they are deployed');
  };

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { name = '' } = ctx.id;
    const target = targetOf(name);
    if (target === null) throw new Error(`not the name of a target: ${name}`);
    const { limitsOf, ...deployment } = TargetGateObject.deployment(env);
    const sql = sqlOf(ctx.storage);
    const ports = { ...deployment, sql, limits: limitsOf(target), nowMs: () => Date.now() };
    this.#gate = new Gate(ports, target);
  }

  exchange(message: GateMessage): GateAnswer {
    return this.#gate.exchange(message);
  }

  health(): TargetHealth {
    return this.#gate.health();
  }

  hold(order: GateOrder): TargetHealth {
    return this.#gate.hold(order);
  }

  release(order: GateOrder): TargetHealth {
    return this.#gate.release(order);
  }
}
