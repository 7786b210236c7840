/** The builtin provider itself: one pure function from request to reply. */
import type { Json } from '../../domain/json.ts';
import type { ClassifyCall, ClassifyResult } from '../../domain/model/model-call.ts';
import type { WireReply, WireRequest } from '../port.ts';
import { rankDocuments } from './bm25.ts';
import { DIMENSIONS_DEFAULT, embed } from './embed.ts';
import { CHARACTERS_READ_MAX, identifyLanguage } from './languages.ts';
import type { BuiltinResult } from './models.ts';
import { charactersOf, readRequest, type BuiltinCall } from './request.ts';
import { moderate } from './moderation/moderate.ts';
import { summarize } from './summarize.ts';
import { classifyTopics } from './topics.ts';

/** The same request always gives the same reply. */
export function compute(request: WireRequest): WireReply {
  const reading = readRequest(request);
  if (!reading.ok) {
    const { status, ...error } = reading.refusal;
    return reply(status, { error });
  }
  const { call } = reading;
  const usage = { characters: charactersRead(call) };
  return reply(200, { model: call.model, usage, result: resultOf(call) });
}

function resultOf(call: BuiltinCall): BuiltinResult {
  switch (call.kind) {
    case 'embed':
      return { kind: 'embed', vectors: embedAll(call.texts, call.dimensions) };
    case 'rerank':
      return rankDocuments(call.query, call.documents, call.topN);
    case 'summarize':
      return summarize(call.text, call.maxSentences);
    case 'classify':
      return classify(call);
    case 'moderate':
      return moderate(call.text ?? '');
  }
}

function embedAll(texts: readonly string[], dimensions: number = DIMENSIONS_DEFAULT): number[][] {
  return texts.map((text) => embed(text, dimensions));
}

function classify(call: ClassifyCall): ClassifyResult {
  return call.labels.length === 0
    ? identifyLanguage(call.text, call.topN)
    : classifyTopics(call.text, call.labels, call.topN);
}

/** Language identification looks at the beginning only, and that is what it reports. */
function charactersRead(call: BuiltinCall): number {
  const characters = charactersOf(call);
  return call.model === 'language-id-1' ? Math.min(characters, CHARACTERS_READ_MAX) : characters;
}

function reply(status: number, body: Json): WireReply {
  return { status, headers: {}, body };
}
