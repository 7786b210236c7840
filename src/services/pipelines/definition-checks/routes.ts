import type {
  Definition,
  StepDefinition,
  TargetDefinition,
} from '../../../domain/definition/definition.ts';
import { leavesOf, type RouteLeaf } from '../../../domain/definition/definition-route.ts';
import type { Violation } from '../../../domain/job/failure.ts';
import { jsonPointer } from '../../../domain/json.ts';
import { isModelStepKind, type ModelStepKind } from '../../../domain/definition/step-kinds.ts';
import { neededKind } from '../../../steps/model/table.ts';
import type { Providers } from '../../ports/targets/providers.ts';

type Path = readonly PropertyKey[];

/** What does not hold between routes and what providers and models can do, as far as that is known without a call. */
export function routeViolations(definition: Definition, providers: Providers): Violation[] {
  const named = Object.keys(definition.routes ?? {}).flatMap((name) =>
    placedTargets(definition, name, []),
  );
  const inline = definition.steps.flatMap(({ route }, index) =>
    typeof route === 'object' ? placedTargets(definition, route, ['steps', index, 'route']) : [],
  );
  return [
    ...[...named, ...inline].flatMap((placed) => targetViolations(placed, providers)),
    ...definition.steps.flatMap((step, index) =>
      stepViolations(definition, providers, step, index),
    ),
  ];
}

/** The targets of a route with their places: `own` is that of a route inside a step. */
function placedTargets(
  { routes }: Definition,
  route: NonNullable<StepDefinition['route']>,
  own: Path,
): RouteLeaf[] {
  const base = typeof route === 'string' ? ['routes', route] : own;
  const used = typeof route === 'string' ? routes?.[route] : route;
  return leavesOf(used ?? { targets: [] }, base);
}

function targetViolations({ target, path }: RouteLeaf, providers: Providers): Violation[] {
  if (!providers.ids.includes(target.provider)) {
    const message = `${JSON.stringify(target.provider)} is not a provider; there are ${providers.ids.join(', ')}`;
    return [{ pointer: jsonPointer([...path, 'provider']), code: 'unknown_provider', message }];
  }
  if (providers.kindOf(target) !== 'unknown_model') return [];
  const message = `${target.provider} has no model ${JSON.stringify(target.model)}; it has ${providers.modelsOf(target.provider).join(', ')}`;
  return [{ pointer: jsonPointer([...path, 'model']), code: 'unknown_model', message }];
}

/** A step's route must lead to models that can do what the step asks, in the way that the target says. */
function stepViolations(
  definition: Definition,
  providers: Providers,
  { uses, route }: StepDefinition,
  index: number,
): Violation[] {
  if (!isModelStepKind(uses) || route === undefined) return [];
  const own = ['steps', index, 'route'];
  return placedTargets(definition, route, own).flatMap((placed) => {
    const message = wrongModel(uses, placed.target, providers);
    if (message !== null) return [{ pointer: jsonPointer(own), ...message }];
    const execution = wrongExecution(uses, placed.target, providers);
    if (execution === null) return [];
    return [{ pointer: jsonPointer([...placed.path, 'execution']), ...execution }];
  });
}

type Told = Omit<Violation, 'pointer'>;

function wrongModel(
  uses: ModelStepKind,
  { provider, model }: TargetDefinition,
  providers: Providers,
): Told | null {
  const kind = providers.kindOf({ provider, model });
  if (kind === 'unknown_model' || kind === neededKind[uses]) return null;
  if (kind !== null) {
    const message = `${uses} cannot use ${provider}/${model}, which is a model for ${stepFor(kind)}`;
    return { code: 'wrong_model_kind', message };
  }
  const kinds = providers.capabilitiesOf(provider)?.kinds ?? null;
  if (kinds === null || kinds.includes(neededKind[uses])) return null;
  const message = `${uses} cannot use ${provider}, which serves ${kinds.map(stepFor).join(', ')}; choose another provider`;
  return { code: 'unsupported_kind', message };
}

function wrongExecution(
  uses: ModelStepKind,
  { provider, execution }: TargetDefinition,
  providers: Providers,
): Told | null {
  const capabilities = providers.capabilitiesOf(provider);
  if (capabilities === null || execution === undefined) return null;
  const known = capabilities.executions?.[neededKind[uses]] ?? ['sync'];
  if (known.includes(execution)) return null;
  const message = `${provider} runs ${uses} only as ${known.join(' or ')}; change it, or choose another provider`;
  return { code: 'unsupported_execution', message };
}

function stepFor(kind: string): string {
  return Object.entries(neededKind).find(([, needed]) => needed === kind)?.[0] ?? kind;
}
