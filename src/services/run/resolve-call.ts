import type { Target } from '../../domain/attempt.ts';
import { canonicalJson } from '../../domain/canonical.ts';
import type { ParametersDefinition } from '../../domain/definition.ts';
import type { Failure, Outcome } from '../../domain/failure.ts';
import type { Json } from '../../domain/json.ts';
import type { ModelCall } from '../../domain/model-call.ts';
import type { ModelStepKind } from '../../domain/step-kinds.ts';
import type { ProviderAdapter } from '../../providers/port.ts';
import type { ModelSetting, ModelStep } from '../../steps/model/port.ts';
import { modelSteps } from '../../steps/model/table.ts';
import { describe } from '../values/check-value.ts';
import type { Attempt, ExecuteDeps } from './attempt.ts';
import { parseStepInput } from './step-input.ts';

/** An attempt's call to its target, with everything that sending it and reading its reply needs. */
export type ResolvedCall = {
  readonly target: Target;
  readonly adapter: ProviderAdapter;
  readonly step: ModelStep;
  readonly setting: ModelSetting;
  readonly call: ModelCall;
  /** Of the call as it is sent. */
  readonly requestSha256: string;
};

/**
 * Makes the call of an attempt out of its step, its target and its input. The same attempt gives the same call
 * whenever it is resolved again; nothing is sent.
 */
export async function resolveCall(
  deps: ExecuteDeps,
  attempt: Attempt,
  kind: ModelStepKind,
  input: Json,
): Promise<Outcome<ResolvedCall>> {
  const { target } = attempt.work;
  const adapter = target === null ? null : deps.providers.get(target.provider);
  if (target === null || adapter === null) return notConfigured(target?.provider ?? 'none');

  const step = modelSteps[kind];
  const setting = settingOf(attempt, target.model);
  const parsed = parseStepInput(step.input, input);
  if (!parsed.ok) return parsed;
  const call = step.call(parsed.value, setting);
  if (!call.ok) return call;

  const requestSha256 = await deps.machine.sha256(canonicalJson(call.value));
  return { ok: true, value: { target, adapter, step, setting, call: call.value, requestSha256 } };
}

function settingOf({ step, work }: Attempt, model: string): ModelSetting {
  const { prompt, check } = step.definition;
  const parameters: ParametersDefinition = step.route?.targets[work.targetIndex]?.parameters ?? {};
  return {
    model,
    parameters,
    prompt: prompt ?? null,
    schema: check?.schema ?? null,
    reAsk: work.reAsk && {
      rejected: work.reAsk.rejected,
      problems: work.reAsk.violations.map(describe),
    },
  };
}

function notConfigured(provider: string): { readonly ok: false; readonly failure: Failure } {
  const message = `the provider ${provider} is not configured in this deployment`;
  return { ok: false, failure: { class: 'not_configured', phase: 'not_sent', message } };
}
