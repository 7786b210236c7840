import type { Actor } from '../../domain/access.ts';
import type { Target } from '../../domain/job/attempt.ts';
import type { KnownCapabilities } from '../../domain/model/model-capabilities.ts';
import { targetName, type TargetHealth } from '../../domain/model/target-gate.ts';
import { shownPrice, type ShownPrice } from '../../pricing/shown-price.ts';
import type { Capabilities } from '../../providers/port.ts';
import type { TargetView } from '../../engine/world.ts';
import { missingScope } from '../access/require-scope.ts';
import type { Prices } from '../ports/prices.ts';
import type { Machine } from '../ports/runtime.ts';
import type { TargetDesk } from '../ports/targets/target-desk.ts';
import { pageOf, type Page } from '../page.ts';
import { done, refuseAt, type Result } from '../result.ts';
import { targetById, visibleTargets, type FindDeps } from './find-targets.ts';

export type TargetDeps = FindDeps & {
  readonly desk: TargetDesk;
  readonly prices: Pick<Prices, 'list'>;
  readonly machine: Pick<Machine, 'nowMs'>;
};

export type KnownTarget = {
  readonly target: Target;
  readonly view: TargetView;
  /** Null for models that run in the Worker, and when the gate does not answer; without its provider only while it is held. */
  readonly health: TargetHealth | null;
  readonly price: ShownPrice | null;
  /** Null where it is not known before its provider is configured. */
  readonly capabilities: Capabilities | null;
  /** What is known of the model itself; null for most. */
  readonly model: KnownCapabilities | null;
};

/** A page of the targets that the actor may see, by name; only their gates are asked. */
export async function listTargets(
  deps: TargetDeps,
  actor: Actor,
  after: string | null,
  limit: number,
): Promise<Result<Page<KnownTarget>>> {
  const refused = missingScope(actor, 'pipelines:read');
  if (refused !== null) return refused;
  const visible = await visibleTargets(deps, actor);
  const rest = visible.filter((target) => after === null || targetName(target) > after);
  const { items, nextCursor } = pageOf(rest, limit, targetName);
  return done({ items: await knownTargets(deps, actor, items), nextCursor });
}

/** One target that the actor may see. */
export async function getTarget(
  deps: TargetDeps,
  actor: Actor,
  id: string,
): Promise<Result<KnownTarget>> {
  const refused = missingScope(actor, 'pipelines:read');
  if (refused !== null) return refused;
  const found = targetById(deps, id);
  if (!found.ok) return found;
  const target = found.value;
  const visible = actor.isRoot ? [target] : await visibleTargets(deps, actor);
  const [known] = visible.some((one) => targetName(one) === targetName(target))
    ? await knownTargets(deps, actor, [target])
    : [];
  if (known !== undefined) return done(known);
  const message = `no pipeline of this project names ${targetName(target)}, and no limit is set for it; GET /v1/targets lists what there is`;
  return refuseAt('not_found', '/path/target_id', message);
}

/** All that is known of these targets; their gates are asked side by side. */
export async function knownTargets(
  { desk, providers, prices, machine }: Omit<TargetDeps, 'namedTargets'>,
  { project }: Pick<Actor, 'project'>,
  targets: readonly Target[],
): Promise<readonly KnownTarget[]> {
  const projectPrices = await prices.list(project);
  const nowMs = machine.nowMs();
  return Promise.all(
    targets.map(async (target): Promise<KnownTarget> => {
      const view = desk.view(target);
      const local = view.usable && view.local;
      return {
        target,
        view,
        health: local ? null : shownHealth(view, await desk.health(target)),
        price: shownPrice({ ...target, local }, projectPrices, nowMs),
        capabilities: providers.capabilitiesOf(target.provider),
        model: providers.modelCapabilities?.(target) ?? null,
      };
    }),
  );
}

/** What is left of calls to a provider that is not configured any more tells nothing of the next one; an order does. */
function shownHealth(view: TargetView, health: TargetHealth | null): TargetHealth | null {
  return view.usable || health?.held != null ? health : null;
}
