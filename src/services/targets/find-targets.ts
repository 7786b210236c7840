import type { Actor } from '../../domain/access.ts';
import type { Target } from '../../domain/job/attempt.ts';
import { targetName, targetOf } from '../../domain/model/target-gate.ts';
import type { NamedTargets } from '../ports/targets/named-targets.ts';
import type { Providers } from '../ports/targets/providers.ts';
import type { TargetDesk } from '../ports/targets/target-desk.ts';
import { done, refuseAt, type Result } from '../result.ts';

export type FindDeps = {
  readonly providers: Providers;
  readonly desk: Pick<TargetDesk, 'limited'>;
  readonly namedTargets: NamedTargets;
};

/**
 * The targets that an actor may see, by name: the models that run in the Worker, those that the newest versions of the
 * project's pipelines name, and those that the deployment has set limits for.
 */
export async function visibleTargets(
  { providers, desk, namedTargets }: FindDeps,
  { project }: Actor,
): Promise<readonly Target[]> {
  const listed = providers.ids.flatMap((provider) =>
    providers.modelsOf(provider).map((model) => ({ provider, model })),
  );
  const named = await namedTargets.of(project);
  const all = [...listed, ...desk.limited, ...named];
  const known = all.filter(({ provider }) => providers.ids.includes(provider));
  const byName = new Map(known.map((target) => [targetName(target), target]));
  return [...byName]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([, target]) => target);
}

/** The target of an id: `provider/model`, percent-encoded in the path. Whether it is visible is not looked at. */
export function targetById({ providers }: Pick<FindDeps, 'providers'>, id: string): Result<Target> {
  const target = targetOf(id);
  if (target === null) {
    const message =
      'write the provider and the model with a slash between them, percent-encoded: openai%2Fgpt-5.4-mini';
    return refuseAt('not_found', '/path/target_id', message);
  }
  if (providers.ids.includes(target.provider)) return done(target);
  const message = `${JSON.stringify(target.provider.slice(0, 80))} is not a provider; there are ${providers.ids.join(', ')}`;
  return refuseAt('not_found', '/path/target_id', message);
}
