import { compileSchema, type SchemaNode } from 'json-schema-library';
import { expect } from 'vitest';

import type { JsonObject } from '../../../src/domain/json.ts';

type Media = { readonly schema?: JsonObject };
type Reply = { readonly content?: Readonly<Record<string, Media>> };
type Operation = { readonly responses: Readonly<Record<string, Reply>> };

export type OpenApiDocument = JsonObject & {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: JsonObject;
};

const documents = new Map<string, Promise<OpenApiDocument>>();
const compiled = new WeakMap<JsonObject, SchemaNode>();

/** The document that a server publishes of itself. */
export function documentOf(url: string): Promise<OpenApiDocument> {
  const known = documents.get(url) ?? fetchDocument(url);
  documents.set(url, known);
  return known;
}

async function fetchDocument(url: string): Promise<OpenApiDocument> {
  const answer = await fetch(`${url}/openapi.json`);
  return (await answer.json()) as OpenApiDocument;
}

type Checked = {
  readonly method: string;
  readonly path: string;
  readonly answer: { readonly status: number; readonly headers: Headers; readonly body: unknown };
};

/** Holds an answer to a documented request against what the document promises of it. */
export async function checkContract(url: string, checked: Checked): Promise<void> {
  const { method, path, answer } = checked;
  const document = await documentOf(url);
  const operation = operationAt(document, method, path);
  if (operation === null) return;
  const reply = operation.responses[String(answer.status)] ?? operation.responses['default'];
  const type = answer.headers.get('content-type')?.split(';')[0] ?? '';
  const media = reply?.content?.[type];
  const about = `${method} ${path} answered ${answer.status} as ${type}`;
  expect(media, `${about}, which the document does not know`).toBeDefined();
  expect(answer.headers.get('x-request-id'), about).toBeTruthy();
  if (media?.schema === undefined) return;
  const { errors } = nodeOf(document, media.schema).validate(answer.body);
  expect(
    errors.map((error) => error.message),
    `${about} with another body than documented`,
  ).toEqual([]);
}

/** The documented operation that a request is one of; null when there is none. */
function operationAt(document: OpenApiDocument, method: string, path: string): Operation | null {
  const [bare = ''] = path.split('?');
  const template = Object.keys(document.paths).find((known) => matches(known, bare));
  return template === undefined ? null : (document.paths[template]?.[method.toLowerCase()] ?? null);
}

/** True when a path is one of those that a template such as `/v1/jobs/{job_id}` stands for. */
export function matches(template: string, path: string): boolean {
  const parts = path.split('/');
  const wanted = template.split('/');
  return (
    parts.length === wanted.length &&
    wanted.every((part, index) => part.startsWith('{') || part === parts[index])
  );
}

function nodeOf({ components }: OpenApiDocument, schema: JsonObject): SchemaNode {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const $schema = 'https://json-schema.org/draft/2020-12/schema';
  const node = compileSchema({ $schema, ...schema, components });
  compiled.set(schema, node);
  return node;
}
