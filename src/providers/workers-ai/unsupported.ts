import type { ChatCall, ClassifyCall, ModelCall } from '../../domain/model/model-call.ts';
import { presentNames } from '../shared/json-fields.ts';
import { unsupportedOfImage } from './kinds/images.ts';
import { unsupportedOfTranscript } from './kinds/transcription.ts';
import { hasOwnLabels } from './models.ts';

/** The fields of a call that Cloudflare's models have no place for. */
export function unsupportedFields(call: ModelCall): readonly string[] {
  switch (call.kind) {
    case 'chat':
      return unsupportedOfChat(call);
    case 'embed':
      return presentNames({ dimensions: call.dimensions, inputType: call.inputType });
    case 'classify':
      return unsupportedOfClassify(call);
    case 'image':
      return unsupportedOfImage(call);
    case 'transcribe':
      return unsupportedOfTranscript(call);
    case 'moderate':
      return presentNames({ images: call.images });
    case 'rerank':
    case 'summarize':
      return [];
  }
}

function unsupportedOfClassify({ model, labels }: ClassifyCall): readonly string[] {
  return hasOwnLabels(model) && labels.length > 0 ? ['labels'] : [];
}

/** UNVERIFIED: some newer models know `tool_choice`, `stop` and an effort; the documented input does not. */
function unsupportedOfChat({ parameters, toolChoice, messages }: ChatCall): readonly string[] {
  const { stop, reasoningEffort } = parameters;
  const chosen = toolChoice === 'auto' ? undefined : toolChoice;
  const parts = messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content));
  const beyond = parts.flatMap(({ type }) =>
    type === 'audio' || type === 'document' ? [type] : [],
  );
  return [...presentNames({ stop, reasoningEffort, toolChoice: chosen }), ...new Set(beyond)];
}
