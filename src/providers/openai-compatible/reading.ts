import type { JsonObject } from '../../domain/json.ts';
import type { ModelCall, ModelResult, Spent } from '../../domain/model-call.ts';
import type { ProviderFailureClass } from '../http/failure-sentence.ts';
import type { CallOutcome, WireReply } from '../port.ts';
import { finishedFailure, ownWords, unreadableFailure } from '../shared/failures.ts';
import { askedOf, providerRequestId } from './errors/classify.ts';
import type { OpenAiCompatibleSettings } from './settings.ts';
import { reportedCostNanoUsd } from './reported-cost.ts';
import { usageOf } from './usage.ts';

/** One whole reply on its way to an outcome. */
export type Reading = {
  readonly settings: OpenAiCompatibleSettings;
  readonly reply: WireReply;
  readonly body: JsonObject;
  readonly call: ModelCall;
};

export function done(reading: Reading, result: ModelResult): CallOutcome {
  return { kind: 'done', reply: { ...spentOn(reading), result } };
}

function spentOn({ settings, body, call, reply }: Reading): Spent {
  const asked = askedOf(settings, call.model);
  const requestId = providerRequestId(reply);
  const { model } = body;
  const cost = reportedCostNanoUsd(body['usage']);
  return {
    usage: usageOf(body, call),
    rawUsage: body['usage'] ?? null,
    returnedModel: typeof model === 'string' && model !== '' ? ownWords(model, asked) : call.model,
    providerRequestId: requestId === null ? null : ownWords(requestId, asked),
    ...(cost === null ? {} : { reportedCostNanoUsd: cost }),
  };
}

/** The work was done, and charged, but there is no result to use. */
export function finishedBadly(
  reading: Reading,
  failureClass: ProviderFailureClass,
  code: string,
  words: string | null,
): CallOutcome {
  const { settings, reply, call } = reading;
  const asked = askedOf(settings, call.model);
  const failure = finishedFailure(asked, reply, failureClass, { code, words });
  return { kind: 'failed', failure, spent: spentOn(reading) };
}

/** A success that cannot be read; what it says of its usage counts. */
export function unreadable(reading: Reading): CallOutcome {
  const failure = unreadableFailure(askedOf(reading.settings, reading.call.model), reading.reply);
  return { kind: 'failed', failure, ...spentIfSaid(reading) };
}

/** What was spent on a failure, where the reply says so. */
export function spentIfSaid(reading: Reading): { readonly spent?: Spent } {
  const spent = spentOn(reading);
  return Object.keys(spent.usage).length === 0 ? {} : { spent };
}
