import { canonicalJson } from '../../domain/canonical.ts';
import type { ProjectId } from '../../domain/ids.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { MediaRef } from '../../domain/model/media.ts';
import type { ChatMessage, ModelCall } from '../../domain/model/model-call.ts';
import type { ModelStepKind } from '../../domain/definition/step-kinds.ts';
import type { CacheKey } from '../ports/values/result-cache.ts';
import type { Machine } from '../ports/runtime.ts';

/** Everything that decides what a model step puts out, beside the model's own mood. */
export type CachedCall = {
  readonly project: ProjectId;
  readonly uses: ModelStepKind;
  readonly provider: string;
  /** The version of the provider's adapter. */
  readonly adapterVersion: number;
  readonly call: ModelCall;
  /** What the output was held against. */
  readonly schema: JsonObject | null;
};

/** Raised whenever a step makes another output of the same reply: what was left before is then not found any more. */
const FORMAT = 1;

/**
 * The only way to a cache key. The project is in it, so that no call finds another project's result even where a
 * deployment kept all of them in one place. Null for a call that names a file of which nothing is known any more.
 */
export async function cacheKeyOf(
  { sha256 }: Pick<Machine, 'sha256'>,
  { call, ...about }: CachedCall,
): Promise<CacheKey | null> {
  const named = byContent(call);
  if (named === null) return null;
  const text = canonicalJson({ format: FORMAT, ...about, call: named });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- this is where cache keys are made
  return (await sha256(text)) as CacheKey;
}

/** The call with its files named by what is in them: the same bytes under another id are the same file. */
function byContent(call: ModelCall): object | null {
  let unknown = false;
  const named = withFiles(call, ({ file: _file, ...content }) => {
    unknown ||= content.sha256 === '';
    return content;
  });
  return unknown ? null : named;
}

type Naming = (media: MediaRef) => object;

function withFiles(call: ModelCall, nameOf: Naming): object {
  switch (call.kind) {
    case 'chat':
      return { ...call, messages: call.messages.map((message) => messageWith(message, nameOf)) };
    case 'image':
    case 'moderate':
      return { ...call, images: call.images?.map(nameOf) };
    case 'transcribe':
      return { ...call, audio: nameOf(call.audio) };
    case 'embed':
    case 'classify':
    case 'rerank':
    case 'summarize':
      return call;
  }
}

function messageWith(message: ChatMessage, nameOf: Naming): object {
  const { content: parts } = message;
  if (typeof parts === 'string') return message;
  const named = parts.map((part) =>
    part.type === 'text' ? part : { ...part, media: nameOf(part.media) },
  );
  return { ...message, content: named };
}
