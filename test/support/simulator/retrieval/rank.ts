import { isJsonObject, type Json, type JsonObject } from '../../../../src/domain/json.ts';
import { errorAnswer, jsonAnswer } from '../error-answer.ts';
import { tokensOf } from '../openai/chat-request.ts';
import { vectorOf } from '../openai/embeddings.ts';
import { wordsOf } from '../random.ts';
import { RequestRefused, type Answer, type Call, type Scripted } from '../types.ts';
import { basePathOf, dialectOf } from '../wire-dialect.ts';

type Vendor = 'cohere' | 'jina' | 'voyage';

/** What is different between the vendors, as their documentation has it. */
const vendors = {
  cohere: { texts: 'texts', dimensions: 'output_dimension', top: 'top_n', list: 'results' },
  jina: { texts: 'input', dimensions: 'dimensions', top: 'top_n', list: 'results' },
  voyage: { texts: 'input', dimensions: 'output_dimension', top: 'top_k', list: 'data' },
} as const;

const dimensionsUsual = 64;

/** Answers Cohere's, Jina's and Voyage's requests for vectors and ranks; null for what is not there. */
export function answerRetrieval(vendor: Vendor, call: Call, scripted: Scripted): Answer | null {
  const path = call.path.slice(basePathOf[vendor].length);
  if (call.method !== 'POST') return null;
  if (path === (vendor === 'cohere' ? '/embed' : '/embeddings')) {
    return embed(vendor, call, scripted);
  }
  if (path === '/rerank') return rank(vendor, call, scripted);
  return path === '/classify' && vendor === 'jina' ? label(call, scripted) : null;
}

function embed(vendor: Vendor, call: Call, scripted: Scripted): Answer {
  const fields = vendors[vendor];
  const { body, model } = requestOf(call);
  const texts = textsIn(call, body, fields.texts);
  const known = ['search_query', 'search_document', 'classification', 'clustering'];
  if (vendor === 'cohere' && !known.some((type) => type === body['input_type'])) {
    throw refused(call, 'invalid request: valid input_type must be provided');
  }
  const wanted = body[fields.dimensions];
  const dimensions = typeof wanted === 'number' ? wanted : dimensionsUsual;
  const vectors = texts.map((text) => vectorOf(text, dimensions));
  const tokens = tokensIn(texts);
  if (vendor === 'cohere') {
    const meta = metaOf(scripted, { input_tokens: tokens });
    return done({ id: `sim-${call.seq}`, embeddings: { float: vectors }, texts, meta });
  }
  const data = vectors.map((embedding, index) => ({ object: 'embedding', index, embedding }));
  return done({ object: 'list', model, data, usage: usageOf(scripted, tokens) });
}

function rank(vendor: Vendor, call: Call, scripted: Scripted): Answer {
  const fields = vendors[vendor];
  const { body, model } = requestOf(call);
  const documents = textsIn(call, body, 'documents');
  const query = body['query'];
  if (typeof query !== 'string' || query.trim() === '') {
    throw refused(call, 'invalid request: query must not be empty or be only whitespace');
  }
  const top = body[fields.top];
  const results = documents
    .map((document, index) => ({ index, relevance_score: overlap(query, document) }))
    .toSorted((left, right) => right.relevance_score - left.relevance_score)
    .slice(0, typeof top === 'number' ? top : documents.length);
  if (vendor === 'cohere') {
    return done({
      id: `sim-${call.seq}`,
      results,
      meta: metaOf(scripted, { search_units: Math.ceil(documents.length / 100) }),
    });
  }
  const tokens = tokensIn([...documents, ...documents.map(() => query)]);
  return done({ object: 'list', model, [fields.list]: results, usage: usageOf(scripted, tokens) });
}

function label(call: Call, scripted: Scripted): Answer {
  const { body } = requestOf(call);
  const texts = textsIn(call, body, 'input');
  const labels = textsIn(call, body, 'labels');
  const data = texts.map((text, index) => {
    const predictions = labels.map((name) => ({ label: name, score: overlap(text, name) }));
    const [best] = predictions.toSorted((left, right) => right.score - left.score);
    return {
      object: 'classification',
      index,
      prediction: best?.label,
      score: best?.score,
      predictions,
    };
  });
  return done({ data, usage: usageOf(scripted, tokensIn([...texts, ...labels])) });
}

/** The share of the first text's words that the second one has. */
function overlap(wanted: string, text: string): number {
  const words = new Set(wordsOf(wanted.toLowerCase()));
  const there = new Set(wordsOf(text.toLowerCase()));
  const common = [...words].filter((word) => there.has(word)).length;
  return words.size === 0 ? 0 : common / words.size;
}

function done(body: object): Answer {
  return jsonAnswer(200, body, { paid: true });
}

function usageOf({ reply }: Scripted, tokens: number): JsonObject {
  return reply?.usage ?? { total_tokens: tokens };
}

function metaOf({ reply }: Scripted, billed: JsonObject): JsonObject {
  return { api_version: { version: '2' }, billed_units: reply?.usage ?? billed };
}

function tokensIn(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + tokensOf(text.length), 0);
}

function requestOf(call: Call): { readonly body: JsonObject; readonly model: string } {
  const { body } = call;
  if (body === undefined || !isJsonObject(body)) throw refused(call, 'the body must be JSON');
  const { model } = body;
  if (typeof model !== 'string') throw refused(call, 'model is required');
  return { body, model };
}

function textsIn(call: Call, body: JsonObject, field: string): readonly string[] {
  const value = body[field];
  const list: readonly Json[] = Array.isArray(value) ? value : [];
  const texts = list.filter((item) => typeof item === 'string');
  if (texts.length > 0 && texts.length === list.length) return texts;
  throw refused(call, `invalid request: ${field} must be a list of texts`);
}

function refused(call: Call, message: string): RequestRefused {
  return new RequestRefused(errorAnswer(400, { message }, dialectOf(call.path)));
}
