import { isJsonObject, type Json } from '../../../domain/json.ts';
import type { ModelReply } from '../../../domain/model/model-call.ts';
import type { CallOutcome } from '../../../providers/port.ts';
import type { Attempt, ExecuteDeps, Ran } from '../attempt.ts';
import { callFacts, type CallFacts } from '../facts.ts';
import { keepAll } from '../keep-all.ts';
import { pricingOf } from './pricing-of.ts';
import type { ResolvedCall } from './resolve-call.ts';

/** When a call began and ended, as the runner measured it. */
export type CallTimes = {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** When the first piece of streamed text came. */
  readonly firstTextAtMs?: number | null;
};

/** What an attempt comes to, by what its call gave; a call that has no end yet is not read here. */
export async function readOutcome(
  deps: ExecuteDeps,
  attempt: Attempt,
  resolved: ResolvedCall,
  outcome: Exclude<CallOutcome, { readonly kind: 'pending' }>,
  times: CallTimes,
): Promise<Ran> {
  if (outcome.kind === 'done') return readReply(deps, attempt, resolved, outcome.reply, times);
  const { failure, spent = null } = outcome;
  const pricing = await pricingOf(deps, attempt, resolved);
  return {
    facts: callFacts(measured(resolved, times, { pricing, finishReason: null }), spent, failure),
    result: { ok: false, failure },
  };
}

async function readReply(
  deps: ExecuteDeps,
  attempt: Attempt,
  resolved: ResolvedCall,
  reply: ModelReply,
  times: CallTimes,
): Promise<Ran> {
  const { step, setting } = resolved;
  const [pricing, kept] = await Promise.all([
    pricingOf(deps, attempt, resolved),
    keepAll(deps, attempt, reply.result),
  ]);
  const finishReason = finishReasonOf(reply);
  const facts = callFacts(measured(resolved, times, { pricing, finishReason }), reply, null);
  if (!kept.ok) return { facts, result: kept };
  const output = step.output(reply, setting, kept.value);
  if (output.ok) {
    return {
      facts,
      result: { ok: true, output: output.value, ...checkedPart(reply, output.value) },
    };
  }
  const rejected = reply.result.kind === 'chat' ? reply.result.text : null;
  return { facts, result: { ...output, rejected } };
}

function measured(
  { target, adapter, requestSha256, dropped }: ResolvedCall,
  times: CallTimes,
  { pricing, finishReason }: Required<Pick<CallFacts, 'pricing' | 'finishReason'>>,
): CallFacts {
  return {
    target,
    local: adapter.capabilities.local,
    ...times,
    requestSha256,
    codeVersion: adapter.version,
    finishReason,
    dropped,
    pricing,
  };
}

function finishReasonOf({ result }: ModelReply): string | null {
  return result.kind === 'chat' ? result.finishReason : null;
}

/**
 * A schema speaks about the JSON answer of a chat, and about the whole output of every other step. An answer that asks
 * for tools is not yet the one that it speaks about.
 */
function checkedPart({ result }: ModelReply, output: Json): { readonly checked?: Json } {
  if (result.kind !== 'chat') return { checked: output };
  if (isJsonObject(output) && output['json'] !== undefined) return { checked: output['json'] };
  return (result.toolCalls ?? []).length > 0 ? {} : { checked: output };
}
