import type { Outcome } from '../../../domain/job/failure.ts';
import type { Json } from '../../../domain/json.ts';
import type { ModelCall } from '../../../domain/model/model-call.ts';
import type { ModelStepKind } from '../../../domain/definition/step-kinds.ts';
import type { ProjectId } from '../../../domain/ids.ts';
import type { PlannedStep } from '../../../engine/plan/plan.ts';
import { targetAt } from '../../../engine/routes/routing.ts';
import type { ProviderAdapter } from '../../../providers/port.ts';
import { modelSteps } from '../../../steps/model/table.ts';
import type { Files } from '../../ports/values/files.ts';
import type { Providers } from '../../ports/targets/providers.ts';
import { misfitOf } from '../../routing/misfit.ts';
import { fit, makeCall } from '../../run/calls/resolve-call.ts';

export type CallDeps = {
  readonly providers: Providers;
  readonly files?: Pick<Files, 'head'>;
  readonly project: ProjectId;
};

/** A call as a runner would make it of this input for one target. */
export type ForeseenCall = {
  /** Null for a provider that is not configured. */
  readonly adapter: ProviderAdapter | null;
  readonly call: ModelCall;
  /** What its provider would not be told, by the names that pipelines use. */
  readonly dropped: readonly string[];
};

/** Makes a call with the runner's own code, and sends nothing. */
export async function foreseeCall(
  { providers, project, ...deps }: CallDeps,
  step: PlannedStep,
  uses: ModelStepKind,
  { targetIndex, input }: { readonly targetIndex: number; readonly input: Json },
): Promise<Outcome<ForeseenCall>> {
  const target = targetAt(step.route, targetIndex) ?? NO_TARGET;
  const attempt = { job: { project }, step, work: { targetIndex, reAsk: null } };
  const made = await makeCall(deps, attempt, modelSteps[uses], { model: target.model, input });
  if (!made.ok) return made;
  const { call } = made.value;
  const adapter = providers.get(target.provider);
  if (adapter === null) return { ok: true, value: { adapter, call, dropped: [] } };
  const fitted = fit({ providers }, attempt, { adapter, target, call });
  if (!fitted.ok) return fitted;
  const misfit = misfitOf(fitted.value.call, providers.modelCapabilities?.(target) ?? null);
  if (misfit !== null) return { ok: false, failure: misfit };
  return { ok: true, value: { adapter, ...fitted.value } };
}

const NO_TARGET = { provider: '', model: '' };
