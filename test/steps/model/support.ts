import { isFileId, type FileId } from '../../../src/domain/file.ts';
import type { MediaRef } from '../../../src/domain/model/media.ts';
import type { ModelReply, ModelResult } from '../../../src/domain/model/model-call.ts';
import type { ModelSetting } from '../../../src/steps/model/port.ts';

/** The id of an upload that is told apart by one digit. */
export function fileId(digit: string): FileId {
  const id = `file_${digit.repeat(32)}`;
  if (!isFileId(id)) throw new Error(`not an id: ${id}`);
  return id;
}

export function mediaRef(file: FileId, mimeType: string): MediaRef {
  return { file, mimeType, bytes: 10, sha256: 'ab', name: null };
}

export function settingWith(more: Partial<ModelSetting> = {}): ModelSetting {
  return {
    model: 'm',
    parameters: {},
    prompt: null,
    schema: null,
    reAsk: null,
    media: new Map(),
    ...more,
  };
}

export function replyWith(result: ModelResult, more: Partial<ModelReply> = {}): ModelReply {
  return {
    result,
    usage: { inputTokens: 3, cacheReadTokens: 1 },
    rawUsage: null,
    returnedModel: 'm-2026',
    providerRequestId: null,
    ...more,
  };
}
