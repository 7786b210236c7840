/** Reads and checks a builtin request: the provider's own door, which names every broken rule at once. */
import type { Violation } from '../../domain/job/failure.ts';
import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import type { ClassifyCall, ModelCall } from '../../domain/model/model-call.ts';
import type { WireRequest } from '../port.ts';
import { DIMENSIONS_DEFAULT, DIMENSIONS_MAX, DIMENSIONS_MIN } from './embed.ts';
import {
  builtinModels,
  isBuiltinModelName,
  type BuiltinKind,
  type BuiltinModel,
  type BuiltinModelName,
} from './models.ts';

/** A call that a builtin model can carry out as it stands. */
export type BuiltinCall = Extract<ModelCall, { readonly kind: BuiltinKind }> & {
  readonly model: BuiltinModelName;
};

type Refusal = {
  readonly status: 400 | 404 | 413;
  readonly code: 'unknown_model' | 'wrong_kind' | 'invalid_request' | 'too_long';
  readonly message: string;
  readonly violations: readonly Violation[];
};

export type Reading =
  | { readonly ok: true; readonly call: BuiltinCall }
  | { readonly ok: false; readonly refusal: Refusal };

/** Collects what is wrong while fields are read; a field that is wrong is read as something harmless. */
type Reader = { readonly body: JsonObject; readonly violations: Violation[] };

export function readRequest(request: WireRequest): Reading {
  const body = isJsonObject(request.body) ? request.body : {};
  const name = body['model'];
  if (typeof name !== 'string' || !isBuiltinModelName(name)) {
    return refuse(404, 'unknown_model', 'The builtin provider has no model of this name.');
  }
  const model: BuiltinModel = builtinModels[name];
  if (request.path !== `/${model.kind}`) {
    return refuse(400, 'wrong_kind', `The model ${name} answers ${model.kind} calls only.`);
  }
  const reader: Reader = { body, violations: [] };
  const call = readCall(reader, name, model);
  if (reader.violations.length > 0) {
    const message = `The call does not fit the model ${name}.`;
    return refuse(400, 'invalid_request', message, reader.violations);
  }
  if (charactersOf(call) > model.limits.charactersMax) {
    const message = `The model ${name} takes at most ${model.limits.charactersMax} characters in one call.`;
    return refuse(413, 'too_long', message);
  }
  return { ok: true, call };
}

/** Everything the model has to read, in UTF-16 units. */
export function charactersOf(call: BuiltinCall): number {
  switch (call.kind) {
    case 'embed':
      return lengthOf(call.texts);
    case 'rerank':
      return call.query.length + lengthOf(call.documents);
    case 'summarize':
      return call.text.length;
    case 'moderate':
      return call.text?.length ?? 0;
    case 'classify':
      return (
        call.text.length +
        lengthOf(call.labels.flatMap(({ label, description }) => [label, description ?? '']))
      );
  }
}

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0);
}

function refuse(
  status: Refusal['status'],
  code: Refusal['code'],
  message: string,
  violations: readonly Violation[] = [],
): Reading {
  return { ok: false, refusal: { status, code, message, violations } };
}

function readCall(
  reader: Reader,
  model: BuiltinModelName,
  { kind, limits }: BuiltinModel,
): BuiltinCall {
  const topN = (): number => readInteger(reader, 'top_n', 1, Infinity, 1);
  switch (kind) {
    case 'embed': {
      const texts = readTexts(reader, 'texts', limits.itemsMax, { mayBeEmpty: false });
      const dimensions = readDimensions(reader);
      return { kind, model, texts, dimensions };
    }
    case 'rerank': {
      const query = readText(reader, 'query');
      const documents = readTexts(reader, 'documents', limits.itemsMax, { mayBeEmpty: true });
      return { kind, model, query, documents, topN: topN() };
    }
    case 'summarize': {
      const maxSentences = readInteger(reader, 'max_sentences', 1, limits.answerMax, 1);
      return { kind, model, text: readText(reader, 'text'), maxSentences };
    }
    case 'moderate': {
      readNoImages(reader);
      return { kind, model, text: readText(reader, 'text') };
    }
    case 'classify': {
      const labels = readLabels(reader, limits.labelsMax);
      return { kind, model, text: readText(reader, 'text'), labels, topN: topN() };
    }
  }
}

/** A call with images says how many there are. */
function readNoImages(reader: Reader): void {
  const count = reader.body['images'];
  if (count === undefined || count === 0) return;
  complain(reader, '/images', 'max_items', 'must be empty: the model reads text only');
}

function readDimensions(reader: Reader): number {
  if (reader.body['dimensions'] === undefined) return DIMENSIONS_DEFAULT;
  return readInteger(reader, 'dimensions', DIMENSIONS_MIN, DIMENSIONS_MAX, DIMENSIONS_DEFAULT);
}

function readText(reader: Reader, key: string): string {
  const value = reader.body[key];
  if (typeof value === 'string' && value.trim() !== '') return value;
  complain(reader, `/${key}`, 'required', 'must be a text with at least one visible character');
  return '';
}

function readTexts(
  reader: Reader,
  key: string,
  countMax: number,
  { mayBeEmpty }: { readonly mayBeEmpty: boolean },
): readonly string[] {
  const value = reader.body[key];
  if (!isList(value) || value.length === 0) {
    complain(reader, `/${key}`, 'required', 'must be a list with at least one text');
    return [];
  }
  if (value.length > countMax) {
    complain(reader, `/${key}`, 'max_items', `must hold at most ${countMax} texts`);
    return [];
  }
  return value.map((item, index) => {
    if (typeof item === 'string' && (mayBeEmpty || item.trim() !== '')) return item;
    const kind = mayBeEmpty
      ? 'must be a text'
      : 'must be a text with at least one visible character';
    complain(reader, `/${key}/${index}`, 'required', kind);
    return '';
  });
}

function readInteger(
  reader: Reader,
  key: string,
  least: number,
  most: number,
  otherwise: number,
): number {
  const value = reader.body[key];
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) {
    return value;
  }
  const range = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
  complain(reader, `/${key}`, 'range', `must be a whole number ${range}`);
  return otherwise;
}

/** `countMax` 0 means that the model has labels of its own and takes none. */
function readLabels(reader: Reader, countMax: number): ClassifyCall['labels'] {
  const value = reader.body['labels'];
  const count = isList(value) ? value.length : 0;
  if (countMax === 0) {
    if (count > 0) complain(reader, '/labels', 'max_items', 'must be empty: the model has its own');
    return [];
  }
  if (!isList(value) || count === 0 || count > countMax) {
    complain(reader, '/labels', 'range', `must be a list of 1 to ${countMax} labels`);
    return [];
  }
  const labels = value.map((item, index) => readLabel(reader, item, index));
  const names = new Set(labels.map(({ label }) => label));
  if (names.size < labels.length) complain(reader, '/labels', 'unique', 'must not repeat a label');
  return labels;
}

function readLabel(reader: Reader, item: Json, index: number): ClassifyCall['labels'][number] {
  const label = isJsonObject(item) ? item['label'] : undefined;
  const description = isJsonObject(item) ? item['description'] : undefined;
  if (typeof label !== 'string' || label.trim() === '') {
    complain(reader, `/labels/${index}/label`, 'required', 'must be a text that is not empty');
    return { label: `${index}` };
  }
  if (typeof description === 'string') return { label, description };
  if (description !== undefined) {
    complain(reader, `/labels/${index}/description`, 'type', 'must be a text');
  }
  return { label };
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function complain(reader: Reader, pointer: string, code: string, message: string): void {
  reader.violations.push({ pointer, code, message: `\`${pointer.slice(1)}\` ${message}.` });
}
