import type { ChatMessage, ChatPart, ModelCall } from '../../domain/model/model-call.ts';

const imageTypes: ReadonlySet<string> = new Set([
  'image/jpeg',
  'image/png',
  'image/gif',
  'image/webp',
]);

/** The fields of a call that the Messages API has no place for. */
export function unsupportedFields(call: ModelCall): readonly string[] {
  if (call.kind !== 'chat') return [];
  const { seed, reasoningEffort } = call.parameters;
  return [
    ...(seed === undefined ? [] : ['seed']),
    // Its least effort is `low`.
    ...(reasoningEffort === 'minimal' ? ['reasoningEffort'] : []),
    ...new Set(call.messages.flatMap(partsBeyond)),
  ];
}

function partsBeyond({ role, content }: ChatMessage): readonly string[] {
  const parts: readonly ChatPart[] = typeof content === 'string' ? [] : content;
  return parts.flatMap((part) => {
    const isTold = part.type === 'text' || (role !== 'system' && isKnownFile(part));
    return isTold ? [] : [part.type];
  });
}

function isKnownFile(part: Exclude<ChatPart, { readonly type: 'text' }>): boolean {
  const { mimeType } = part.media;
  if (part.type === 'image') return imageTypes.has(mimeType);
  return part.type === 'document' && mimeType === 'application/pdf';
}
