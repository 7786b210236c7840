import type { Json, JsonObject } from '../../domain/json.ts';
import type {
  ClassifyCall,
  ClassifyResult,
  EmbedCall,
  ModelCall,
  ModelKind,
  RerankCall,
} from '../../domain/model/model-call.ts';
import type { Usage } from '../../domain/model/usage.ts';
import type { ProviderFailureClass } from '../http/failure-sentence.ts';
import { listAt, numberAt, numbersOf, objectAt, objectsAt } from '../shared/json-fields.ts';

export type RetrievalCall = EmbedCall | RerankCall | ClassifyCall;
type RetrievalKind = RetrievalCall['kind'];

/** Path below the base URL, and a JSON body to which the call's own options are added. */
export type VendorRequest = { readonly path: string; readonly body: JsonObject };

export type Indexed<Value> = { readonly index: number; readonly value: Value };

/** How one vendor of retrieval models is asked and read. All functions are pure; replies are read leniently. */
export type RetrievalVendor = {
  readonly kinds: readonly RetrievalKind[];
  request(call: RetrievalCall): VendorRequest;
  vectors(body: JsonObject): readonly Indexed<readonly number[]>[];
  /** Documents by their place in the call, with their scores. */
  ranking(body: JsonObject): readonly Indexed<number>[];
  readonly labels?: (body: JsonObject, call: ClassifyCall) => ClassifyResult['labels'];
  usage(body: JsonObject, kind: ModelKind): Usage;
  /** The part of the reply that tells the usage. */
  rawUsage(body: JsonObject): Json;
  /** Statuses that mean something else here than elsewhere. */
  readonly classByStatus: Readonly<Record<number, ProviderFailureClass>>;
  /** What it says, with whatever status, when it is money and not pace that is missing. */
  readonly billingWords: RegExp | null;
};

export function isRetrievalCall(call: ModelCall): call is RetrievalCall {
  return call.kind === 'embed' || call.kind === 'rerank' || call.kind === 'classify';
}

/** `{ index, embedding }`, as Jina and Voyage write it; without an index the place in the list counts. */
export function embeddingsIn(
  body: JsonObject,
  field: string,
): readonly Indexed<readonly number[]>[] {
  return objectsAt(body, field).flatMap((item, place) => {
    const value = finite(item['embedding']);
    return value === null ? [] : [{ index: numberAt(item, 'index') ?? place, value }];
  });
}

/** Vectors in a plain list, by their place in it. */
export function vectorsIn(body: JsonObject, field: string): readonly Indexed<readonly number[]>[] {
  return listAt(body, field).flatMap((item, index) => {
    const value = finite(item);
    return value === null ? [] : [{ index, value }];
  });
}

/** `{ index, relevance_score }`, which all of them write. */
export function scoresIn(body: JsonObject, field: string): readonly Indexed<number>[] {
  return objectsAt(body, field).flatMap((item) => {
    const index = numberAt(item, 'index');
    const value = numberAt(item, 'relevance_score');
    return index === null || value === null ? [] : [{ index, value }];
  });
}

/** `usage.total_tokens`: everything that goes in is input, and nothing comes out. */
export function totalTokens(body: JsonObject): Usage {
  const tokens = numberAt(objectAt(body, 'usage'), 'total_tokens');
  return tokens === null || tokens <= 0 ? {} : { inputTokens: Math.round(tokens) };
}

/** No more than there are: some vendors refuse a wish for more results than documents. */
export function wantedOf({ topN, documents }: RerankCall): number {
  return Math.min(topN, documents.length);
}

function finite(value: Json | undefined): readonly number[] | null {
  const numbers = numbersOf(value);
  return numbers?.every((number) => Number.isFinite(number)) === true ? numbers : null;
}
