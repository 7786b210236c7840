import { isJsonObject, type JsonObject } from '../../domain/json.ts';
import type { ModelReply } from '../../domain/model/model-call.ts';
import { toWire } from '../../domain/wire.ts';

/** What the output of every model step says beside its result: the model that ran, and what it used where that is known. */
export function replyFields({ returnedModel, usage }: ModelReply): JsonObject {
  const used = toWire(usage);
  const known = isJsonObject(used) && Object.keys(used).length > 0;
  return { model: returnedModel, ...(known ? { usage: used } : {}) };
}
