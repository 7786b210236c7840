import { isFileId } from '../../src/domain/file.ts';
import type { MediaRef } from '../../src/domain/model/media.ts';
import type { ChatPart, ModelCall, ModelKind } from '../../src/domain/model/model-call.ts';

const model = 'a-model';

/**
 * Calls of a kind that make use of every field there is. There may be several, where one field takes different values
 * that a provider can be told or not.
 */
export function fullCalls(kind: ModelKind): readonly ModelCall[] {
  switch (kind) {
    case 'chat':
      return [fullChat()];
    case 'embed':
      return [{ kind, model, texts: ['a'], dimensions: 8, inputType: 'query' }];
    case 'classify':
      return [{ kind, model, text: 'a', labels: [{ label: 'b', description: 'c' }], topN: 1 }];
    case 'rerank':
      return [{ kind, model, query: 'a', documents: ['b'], topN: 1 }];
    case 'summarize':
      return [{ kind, model, text: 'a', maxSentences: 1 }];
    case 'image':
      return [fullImage()];
    case 'transcribe':
      return (['segment', 'word'] as const).map((timestamps) => ({
        kind,
        model,
        audio: file('audio/mpeg'),
        language: 'en',
        prompt: 'a',
        timestamps,
        diarize: true,
      }));
    case 'moderate':
      return [{ kind, model, text: 'a', images: [file('image/png')] }];
  }
}

function fullChat(): ModelCall {
  const parts: readonly ChatPart[] = [
    { type: 'text', text: 'a' },
    { type: 'image', media: file('image/png'), detail: 'low' },
    { type: 'audio', media: file('audio/mpeg') },
    { type: 'document', media: file('application/pdf') },
  ];
  return {
    kind: 'chat',
    model,
    messages: [{ role: 'user', content: parts }],
    parameters: {
      temperature: 1,
      topP: 1,
      maxOutputTokens: 1,
      seed: 1,
      stop: ['a'],
      reasoningEffort: 'low',
    },
    tools: [{ name: 'a', parameters: { type: 'object' } }],
    toolChoice: 'auto',
    output: { kind: 'json', schema: { type: 'object' } },
  };
}

function fullImage(): ModelCall {
  return {
    kind: 'image',
    model,
    prompt: 'a',
    count: 2,
    size: { width: 1_024, height: 1_024 },
    format: 'png',
    quality: 'low',
    seed: 1,
    negativePrompt: 'b',
    images: [file('image/png')],
  };
}

function file(mimeType: string): MediaRef {
  const id = `file_${'0'.repeat(32)}`;
  if (!isFileId(id)) throw new Error(`${id} is no id of a file`);
  return { file: id, mimeType, bytes: 1, sha256: '0'.repeat(64), name: null };
}
