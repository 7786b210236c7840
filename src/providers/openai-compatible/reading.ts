import { isJsonObject } from '../../domain/json.ts';
import type { ModelCall, Spent } from '../../domain/model/model-call.ts';
import type { WireReply } from '../port.ts';
import { ownWords, type Asked } from '../shared/failures.ts';
import type { ReplyReading } from '../shared/reading.ts';
import { askedOf, providerRequestId } from './errors/classify.ts';
import { reportedCostNanoUsd } from './reported-cost.ts';
import type { OpenAiCompatibleSettings } from './settings.ts';
import { usageOf } from './usage.ts';

/** One whole reply on its way to an outcome. */
export type Reading = ReplyReading & { readonly settings: OpenAiCompatibleSettings };

export function readingOf(
  settings: OpenAiCompatibleSettings,
  reply: WireReply,
  call: ModelCall,
): Reading {
  const body = isJsonObject(reply.body) ? reply.body : {};
  const asked = askedOf(settings, call.model);
  return { settings, asked, reply, body, call, spent: spentOn(asked, reply, body, call) };
}

function spentOn(asked: Asked, reply: WireReply, body: Reading['body'], call: ModelCall): Spent {
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
