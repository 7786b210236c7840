import type { Target } from '../domain/job/attempt.ts';
import { modelStepKinds } from '../domain/definition/step-kinds.ts';
import type { TargetView } from '../engine/world.ts';
import type { AiBinding } from '../providers/binding.ts';
import { capabilitiesOfModel } from '../providers/capabilities/find.ts';
import type { ProviderAdapter } from '../providers/port.ts';
import { knownCapabilities, listedModels, type Registry } from '../providers/registry.ts';
import { makeTargetHints } from '../runtime/target-hints.ts';
import { asMeasured, makeTargetMeasures } from '../runtime/target-measures.ts';
import type { ShardDeployment } from '../runtime/job-shard-object.ts';
import type { Providers } from '../services/ports/targets/providers.ts';

/** What a route may know of a target without asking anyone. */
export function viewOf({ adapters, missing }: Registry, target: Target): TargetView {
  const { provider } = target;
  const adapter = adapters.get(provider);
  if (adapter !== undefined) return { ...usableView(adapter), ...hintsOf(target, adapter) };
  const remedy = missing.get(provider);
  const reason = remedy === undefined ? 'unknown provider' : `not configured: ${remedy}`;
  return { usable: false, reason };
}

const targetHints = makeTargetHints(() => Date.now());

function hintsOf(target: Target, { capabilities: { local } }: ProviderAdapter) {
  return targetHints(target, local);
}

/**
 * Targets as decisions see them. How long their calls take only their gates know, and decisions ask nobody: runners tell
 * it whenever they come for work.
 */
export function decidedTargets(registry: Registry): Pick<ShardDeployment, 'target' | 'hear'> {
  const measures = makeTargetMeasures(() => Date.now());
  return {
    hear: (heard) => measures.hear(heard),
    target: (target) => asMeasured(viewOf(registry, target), measures.of(target)),
  };
}

function usableView({ capabilities, findJob }: ProviderAdapter) {
  const { local, executions = {} } = capabilities;
  const ticketSteps = modelStepKinds.filter((uses) => {
    const kind = capabilities.kinds.find((each) => uses === `model.${each}`);
    return kind !== undefined && executions[kind]?.includes('sync') === false;
  });
  return { usable: true as const, local, ticketSteps, reconciles: findJob !== undefined };
}

export function providersOf({ adapters, ids }: Registry): Providers {
  return {
    ids,
    get: (id) => adapters.get(id) ?? null,
    modelsOf: (id) => [...(listedModels(id)?.keys() ?? [])],
    capabilitiesOf: (id) => adapters.get(id)?.capabilities ?? knownCapabilities(id),
    modelCapabilities: capabilitiesOfModel,
    kindOf({ provider, model }) {
      const listed = listedModels(provider);
      return listed === null ? null : (listed.get(model) ?? 'unknown_model');
    },
  };
}

/** Cloudflare's models, where the deployment has bound them as `AI`. */
export function aiOf(env: Env): AiBinding | undefined {
  const binding: unknown = Reflect.get(env, 'AI');
  return isAi(binding) ? binding : undefined;
}

function isAi(binding: unknown): binding is AiBinding {
  return typeof binding === 'object' && binding !== null && 'run' in binding;
}
