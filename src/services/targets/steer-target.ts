import type { Actor } from '../../domain/access.ts';
import type { Target } from '../../domain/job/attempt.ts';
import type { AuditAction, AuditEntry } from '../../domain/audit.ts';
import { targetName } from '../../domain/model/target-gate.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import { errorName, type Log } from '../ports/log.ts';
import type { Machine } from '../ports/runtime.ts';
import { done, KEY_POINTER, refuse, refuseAt, type Result } from '../result.ts';
import { targetById } from './find-targets.ts';
import { knownTargets, type KnownTarget, type TargetDeps } from './list-targets.ts';

export type SteerDeps = Omit<TargetDeps, 'machine'> & {
  readonly audit: AuditLog;
  readonly machine: Machine;
  readonly log: Log;
};

export type Steering = { readonly to: 'open' | 'closed'; readonly reason: string };

const ACTION = { open: 'target.open', closed: 'target.close' } as const satisfies Record<
  Steering['to'],
  AuditAction
>;

/**
 * Closes the way to a target by hand, or opens it again. All projects share a target, so that only the root key may.
 * The audit log has the action before it takes effect; both may be repeated.
 */
export async function steerTarget(
  deps: SteerDeps,
  actor: Actor,
  id: string,
  { to, reason }: Steering,
): Promise<Result<KnownTarget>> {
  if (!actor.isRoot) {
    const message = 'all projects share a target: only the root key opens and closes it';
    return refuseAt('forbidden', KEY_POINTER, message);
  }
  const found = steerable(deps, id);
  if (!found.ok) return found;
  const target = found.value;
  const entry = entryOf(deps.machine, actor, { action: ACTION[to], target, reason });
  await deps.audit.add(entry);
  const steered = await steer(deps, target, to, { by: actor.id, why: reason });
  await deps.audit.finish(entry.id, steered.ok ? 'done' : 'failed');
  if (!steered.ok) return steered;
  const [known] = await knownTargets(deps, actor, [target]);
  return known === undefined ? refuse('internal', 'the target is gone') : done(known);
}

/** Only calls that leave the Worker go through a gate. */
function steerable({ desk, providers }: SteerDeps, id: string): Result<Target> {
  const found = targetById({ providers }, id);
  if (!found.ok) return found;
  const view = desk.view(found.value);
  if (!view.usable || !view.local) return found;
  const message = `${targetName(found.value)} runs inside the Worker and has no gate; leave it out of the routes instead`;
  return refuseAt('unprocessable', '/path/target_id', message);
}

async function steer(
  { desk, log }: SteerDeps,
  target: Target,
  to: Steering['to'],
  order: { readonly by: string; readonly why: string },
): Promise<Result<null>> {
  try {
    await (to === 'closed' ? desk.close(target, order) : desk.open(target, order));
    log('warn', to === 'closed' ? 'target.closed_by_hand' : 'target.opened_by_hand', { ...target });
    return done(null);
  } catch (error) {
    log('error', 'target.unsteered', { ...target, to, error: errorName(error) });
    const message = `the gate of ${targetName(target)} did not answer; send the request again, which does no harm`;
    return refuse('unavailable', message, { retryAfterMs: 1_000 });
  }
}

type Deed = {
  readonly action: AuditAction;
  readonly target: Target;
  readonly reason: string;
};

function entryOf(machine: Machine, actor: Actor, { action, target, reason }: Deed): AuditEntry {
  return {
    id: `aud_${machine.newUuid().replaceAll('-', '')}`,
    project: null,
    actor: actor.id,
    action,
    subject: targetName(target),
    reason,
    outcome: 'begun',
    atMs: machine.nowMs(),
  };
}
