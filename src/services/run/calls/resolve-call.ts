import type { Target } from '../../../domain/job/attempt.ts';
import { canonicalJson } from '../../../domain/canonical.ts';
import type { TargetDefinition } from '../../../domain/definition/definition.ts';
import type { Failure, Outcome } from '../../../domain/job/failure.ts';
import type { FileId } from '../../../domain/file.ts';
import type { Json, JsonObject } from '../../../domain/json.ts';
import type { MediaRef } from '../../../domain/model/media.ts';
import type { ModelCall } from '../../../domain/model/model-call.ts';
import type { ModelStepKind } from '../../../domain/definition/step-kinds.ts';
import type { ProviderAdapter } from '../../../providers/port.ts';
import type { ModelSetting, ModelStep } from '../../../steps/model/port.ts';
import { modelSteps } from '../../../steps/model/table.ts';
import type { WorkItem } from '../../ports/job-shard/work-item.ts';
import type { Files } from '../../ports/values/files.ts';
import { refusedParameters } from '../../routing/misfit.ts';
import { problemsIn } from '../../values/check-output.ts';
import { describe } from '../../values/check-value.ts';
import type { Attempt, ExecuteDeps } from '../attempt.ts';
import { fitCall, type FittedCall } from './fit-call.ts';
import { resolveMedia } from './resolve-media.ts';
import { parseStepInput } from '../step-input.ts';

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
  const fitted = fit(deps, attempt, { adapter, target, call: made.value.call });
  if (!fitted.ok) return fitted;
  const { call, dropped } = fitted.value;
  const requestSha256 = await deps.machine.sha256(canonicalJson(call));
  return { ok: true, value: { target, adapter, step, setting, call, dropped, requestSha256 } };
}

export type WantedCall = {
  readonly adapter: ProviderAdapter;
  readonly target: Target;
  readonly call: ModelCall;
};

/** Leaves out what the target cannot be told or its model refuses, where the route lets it. */
export function fit(
  deps: Pick<ExecuteDeps, 'providers'>,
  { step }: Pick<AttemptedCall, 'step'>,
  { adapter, target, call }: WantedCall,
): Outcome<FittedCall> {
  const refused = refusedParameters(call, deps.providers.modelCapabilities?.(target) ?? null);
  return fitCall(adapter, call, step.route?.dropsUnsupported ?? false, refused);
}

export type MadeCall = { readonly call: ModelCall; readonly setting: ModelSetting };

/** What of an attempt a call depends on. */
export type AttemptedCall = {
  readonly job: Pick<Attempt['job'], 'project'>;
  readonly step: Pick<Attempt['step'], 'definition' | 'route'>;
  readonly work: Pick<Attempt['work'], 'poll' | 'targetIndex' | 'reAsk'>;
};

/** The neutral call, before it is fitted to what its provider can be told. */
export async function makeCall(
  deps: { readonly files?: Pick<Files, 'head'> },
  attempt: AttemptedCall,
  step: ModelStep,
  { model, input }: { readonly model: string; readonly input: Json },
): Promise<Outcome<MadeCall>> {
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
  { step, work }: AttemptedCall,
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
      problems: problemsOf(work.reAsk, check?.schema),
    },
    media,
  };
}

function problemsOf(
  { rejected, violations }: NonNullable<WorkItem['reAsk']>,
  schema: JsonObject | undefined,
): readonly string[] {
  const found = schema === undefined ? violations : problemsIn(schema, rejected, violations);
  return found.map(describe);
}

function notConfigured(provider: string): { readonly ok: false; readonly failure: Failure } {
  const message = `the provider ${provider} is not configured in this deployment`;
  return { ok: false, failure: { class: 'not_configured', phase: 'not_sent', message } };
}
