import type { ProducedMedia } from '../../domain/model/media.ts';

const dataUrl = /^data:([\w.+-]+\/[\w.+-]+)?(?:;[\w=.-]+)*;base64,([A-Za-z0-9+/=]+)$/;
const webUrl = /^https?:\/\/\S+$/i;

/** A file that a provider made, from its address or its `data:` URL; null for any other text. */
export function producedFrom(text: string, mimeType: string | null): ProducedMedia | null {
  if (webUrl.test(text)) return { source: { kind: 'url', url: text }, mimeType };
  const [, type, data] = dataUrl.exec(text) ?? [];
  if (data === undefined) return null;
  return { source: { kind: 'base64', data }, mimeType: type ?? mimeType };
}
