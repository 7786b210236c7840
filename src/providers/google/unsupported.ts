import type { ModelCall } from '../../domain/model/model-call.ts';
import { unsupportedOfImage } from './kinds/images.ts';

/** The fields of a call that the API has no place for. */
export function unsupportedFields(call: ModelCall): readonly string[] {
  if (call.kind === 'image') return unsupportedOfImage(call);
  if (call.kind !== 'chat') return [];
  const system = call.messages.filter(({ role }) => role === 'system');
  const files = system.flatMap(({ content }) =>
    typeof content === 'string' ? [] : content.filter(({ type }) => type !== 'text'),
  );
  return [...new Set(files.map(({ type }) => type))];
}
