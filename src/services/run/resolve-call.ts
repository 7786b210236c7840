import type { Target } from '../../domain/attempt.ts';
import { canonicalJson } from '../../domain/canonical.ts';
import type { TargetDefinition } from '../../domain/definition.ts';
import type { Failure, Outcome } from '../../domain/failure.ts';
import type { FileId } from '../../domain/file.ts';
import type { Json } from '../../domain/json.ts';
import type { MediaRef } from '../../domain/media.ts';
import type { ModelCall } from '../../domain/model-call.ts';
import type { ModelStepKind } from '../../domain/step-kinds.ts';
import type { ProviderAdapter } from '../../providers/port.ts';
import type { ModelSetting, ModelStep } from '../../steps/model/port.ts';
import { modelSteps } from '../../steps/model/table.ts';
import { describe } from '../values/check-value.ts';
import type { Attempt, ExecuteDeps } from './attempt.ts';
import { fitCall } from './fit-call.ts';
import { resolveMedia } from './resolve-media.ts';
import { parseStepInput } from './step-input.ts';

/** An attempt's call to its target, with everything that sending it and reading its reply needs. */
export type ResolvedCall = {
  readonly target: Target;
  readonly adapter: ProviderAdapter;
  readonly step: ModelStep;
  readonly setting: ModelSetting;
  readonly call: ModelCall;
  /** What of the step's wishes the call leaves out, because its target cannot be told. */
  readonly dropped: readonly string[];
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
  const made = await makeCall(deps, attempt, step, { model: target.model, input });
  if (!made.ok) return made;
  const { setting } = made.value;
  const fitted = fitCall(adapter, made.value.call, attempt.step.route?.dropsUnsupported ?? false);
  if (!fitted.ok) return fitted;
  const { call, dropped } = fitted.value;
  const requestSha256 = await deps.machine.sha256(canonicalJson(call));
  return { ok: true, value: { target, adapter, step, setting, call, dropped, requestSha256 } };
}

type Made = { readonly call: ModelCall; readonly setting: ModelSetting };

async function makeCall(
  deps: ExecuteDeps,
  attempt: Attempt,
  step: ModelStep,
  { model, input }: { readonly model: string; readonly input: Json },
): Promise<Outcome<Made>> {
  const parsed = parseStepInput(step.input, input);
  if (!parsed.ok) return parsed;
  const named = step.files?.(parsed.value) ?? [];
  const isSent = attempt.work.poll !== undefined;
  const media = await resolveMedia(deps.files, attempt.job.project, named, isSent);
  if (!media.ok) return media;
  const setting = settingOf(attempt, model, media.value);
  const call = step.call(parsed.value, setting);
  if (!call.ok) return call;
  const target = attempt.step.route?.targets[attempt.work.targetIndex];
  return { ok: true, value: { call: withWishes(call.value, target), setting } };
}

/** What the target says beside its model and parameters. */
function withWishes(call: ModelCall, target: TargetDefinition | undefined): ModelCall {
  const { execution, options } = target ?? {};
  return {
    ...call,
    ...(execution === undefined ? {} : { execution }),
    ...(options === undefined ? {} : { options }),
  };
}

function settingOf(
  { step, work }: Attempt,
  model: string,
  media: ReadonlyMap<FileId, MediaRef>,
): ModelSetting {
  const { prompt, check } = step.definition;
  return {
    model,
    parameters: step.route?.targets[work.targetIndex]?.parameters ?? {},
    prompt: prompt ?? null,
    schema: check?.schema ?? null,
    reAsk: work.reAsk && {
      rejected: work.reAsk.rejected,
      problems: work.reAsk.violations.map(describe),
    },
    media,
  };
}

function notConfigured(provider: string): { readonly ok: false; readonly failure: Failure } {
  const message = `the provider ${provider} is not configured in this deployment`;
  return { ok: false, failure: { class: 'not_configured', phase: 'not_sent', message } };
}
