import type {
  ChatCall,
  ChatMessage,
  ChatPart,
  ImageCall,
  ModelCall,
  TranscribeCall,
} from '../../domain/model/model-call.ts';
import { audioFormatOf } from './chat/messages.ts';
import type { OpenAiCompatibleProfile } from './profile.ts';

/** The fields of a call that this server cannot be told, by name. */
export function unsupportedFields(
  call: ModelCall,
  profile: OpenAiCompatibleProfile,
): readonly string[] {
  const { unsupported } = profile;
  const lacking = fieldsOf(call).filter((name) => unsupported.includes(name));
  return [...new Set([...lacking, ...beyond(call, profile)])];
}

/** The optional fields that a call makes use of. */
function fieldsOf(call: ModelCall): readonly string[] {
  const parameters = call.kind === 'chat' ? call.parameters : {};
  return Object.entries({ ...call, ...parameters }).flatMap(([name, value]) =>
    value === undefined ? [] : [name],
  );
}

/** What no server of this family can be told. */
function beyond(call: ModelCall, profile: OpenAiCompatibleProfile): readonly string[] {
  switch (call.kind) {
    case 'chat':
      return partsBeyond(call, profile);
    case 'embed':
      return call.inputType === undefined ? [] : ['inputType'];
    case 'image':
      return imageBeyond(call, profile);
    case 'transcribe':
      return transcriptBeyond(call, profile);
    case 'moderate':
    case 'classify':
    case 'rerank':
    case 'summarize':
      return [];
  }
}

function imageBeyond(call: ImageCall, { imageFields }: OpenAiCompatibleProfile): readonly string[] {
  const { images, seed, negativePrompt } = call;
  return present(imageFields === 'together' ? { images } : { seed, negativePrompt });
}

function transcriptBeyond(
  call: TranscribeCall,
  profile: OpenAiCompatibleProfile,
): readonly string[] {
  const { timestamps, diarize = false, model } = call;
  const isTimed = isDiarizing(model) ? timestamps === 'segment' : profile.timedModels.test(model);
  return [
    ...(timestamps === undefined || isTimed ? [] : ['timestamps']),
    ...(diarize && profile.diarizesBy === 'model' && !isDiarizing(model) ? ['diarize'] : []),
  ];
}

/** OpenAI has a model of its own for telling speakers apart. */
export function isDiarizing(model: string): boolean {
  return model.includes('diarize');
}

function partsBeyond(call: ChatCall, { parts }: OpenAiCompatibleProfile): readonly string[] {
  const isBeyond = (part: ChatPart): boolean =>
    !parts.includes(part.type) || (part.type === 'audio' && audioFormatOf(part.media) === null);
  return call.messages.flatMap(partsOf).flatMap((part) => (isBeyond(part) ? [part.type] : []));
}

function partsOf({ content }: ChatMessage): readonly ChatPart[] {
  return typeof content === 'string' ? [] : content;
}

function present(fields: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [name]));
}
