import type { ParametersDefinition } from '../../domain/definition.ts';
import type { Failure } from '../../domain/failure.ts';
import { canonicalJson } from '../../domain/canonical.ts';
import { isJsonObject, type Json } from '../../domain/json.ts';
import type { ModelCall } from '../../domain/model-call.ts';
import type { ModelStepKind } from '../../domain/step-kinds.ts';
import type { CallOutcome, ProviderAdapter } from '../../providers/port.ts';
import type { ModelSetting, ModelStep } from '../../steps/model/port.ts';
import { modelSteps } from '../../steps/model/table.ts';
import { describe } from '../check-value.ts';
import type { Attempt, ExecuteDeps, Ran } from './attempt.ts';
import { callFacts, localFacts, type CallFacts } from './facts.ts';
import { parseStepInput } from './step-input.ts';

/** Carries out a step that asks a model: one call to one target. */
export async function runModel(
  deps: ExecuteDeps,
  attempt: Attempt,
  kind: ModelStepKind,
  input: Json,
): Promise<Ran> {
  const startedAtMs = deps.machine.nowMs();
  const refuse = (failure: Failure): Ran => ({
    facts: localFacts(startedAtMs, deps.machine.nowMs(), null),
    result: { ok: false, failure },
  });
  const { target } = attempt.work;
  const adapter = target === null ? null : deps.providers.get(target.provider);
  if (target === null || adapter === null) return refuse(notConfigured(target?.provider ?? 'none'));

  const step = modelSteps[kind];
  const setting = settingOf(attempt, target.model);
  const parsed = parseStepInput(step.input, input);
  if (!parsed.ok) return refuse(parsed.failure);
  const call = step.call(parsed.value, setting);
  if (!call.ok) return refuse(call.failure);

  const requestSha256 = await deps.machine.sha256(canonicalJson(call.value));
  const outcome = await submit(deps, attempt, adapter, call.value);
  const facts: CallFacts = {
    target,
    local: adapter.capabilities.local,
    startedAtMs,
    endedAtMs: deps.machine.nowMs(),
    requestSha256,
    codeVersion: adapter.version,
    finishReason: finishReasonOf(outcome),
  };
  return resultOf(step, setting, outcome, facts);
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

function notConfigured(provider: string): Failure {
  const message = `the provider ${provider} is not configured in this deployment`;
  return { class: 'not_configured', phase: 'not_sent', message };
}

async function submit(
  deps: ExecuteDeps,
  { job, work, signal, onHeaders }: Attempt,
  adapter: ProviderAdapter,
  call: ModelCall,
): Promise<CallOutcome> {
  return adapter.submitJob(call, {
    signal,
    onHeaders,
    idempotencyKey: `${job.jobId}:${work.key}`,
    headers: {
      'x-request-id': job.requestId,
      traceparent: `00-${job.traceId}-${spanIdOf(deps)}-01`,
    },
  });
}

/** A span of its own for each call: 16 hexadecimal digits. */
function spanIdOf({ machine }: ExecuteDeps): string {
  return machine.newUuid().replaceAll('-', '').slice(-16);
}

function finishReasonOf(outcome: CallOutcome): string | null {
  if (outcome.kind !== 'done') return null;
  const { result } = outcome.reply;
  return result.kind === 'chat' ? result.finishReason : null;
}

function resultOf(
  step: ModelStep,
  setting: ModelSetting,
  outcome: CallOutcome,
  call: CallFacts,
): Ran {
  switch (outcome.kind) {
    case 'failed':
      return {
        facts: callFacts(call, outcome.spent ?? null, outcome.failure),
        result: { ok: false, failure: outcome.failure },
      };
    case 'pending': {
      const message = 'the adapter returned a ticket for a kind of call that has none';
      const failure: Failure = { class: 'internal', phase: 'accepted', message };
      return { facts: callFacts(call, null, failure), result: { ok: false, failure } };
    }
    case 'done': {
      const facts = callFacts(call, outcome.reply, null);
      const output = step.output(outcome.reply, setting);
      if (output.ok)
        return {
          facts,
          result: { ok: true, output: output.value, checked: checkedPart(output.value) },
        };
      const rejected = outcome.reply.result.kind === 'chat' ? outcome.reply.result.text : null;
      return { facts, result: { ...output, rejected } };
    }
  }
}

/** A schema speaks about the JSON answer of a chat, and about the whole output of every other step. */
function checkedPart(output: Json): Json {
  return isJsonObject(output) && output['json'] !== undefined ? output['json'] : output;
}
