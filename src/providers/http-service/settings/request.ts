import { z } from 'zod';

import { placesIn, type FilePlace, type Template } from '../template.ts';
import type { JsonPath } from '../path.ts';
import { jsonTemplate, textTemplate } from './parts.ts';

type Named = readonly (readonly [string, Template])[];

/** One request to the service, ready to be filled. */
export type RequestSettings = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: Template;
  /** Names in lower case. */
  readonly headers: Named;
  readonly body:
    | { readonly kind: 'none' }
    | { readonly kind: 'json'; readonly template: Template }
    | { readonly kind: 'form'; readonly fields: Named }
    | { readonly kind: 'file'; readonly file: FilePlace };
};

const headerName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/, 'must be the name of a header: letters, digits and "-"');
const fieldName = z.string().min(1).max(100);
const dotSegment = /(?:^|\/)\.{1,2}(?:\/|\?|$)/;

/** What is wrong with a path; null when nothing is. */
function pathProblem(text: string): string | null {
  if (!text.startsWith('/')) return 'must begin with "/": it is below the base URL';
  if (dotSegment.test(text)) return 'must not have "." or ".." as a segment';
  return /[#\\]/.test(text) ? 'must not have "#" or a backslash' : null;
}

const pathText = z
  .string()
  .superRefine((text, context) => {
    const message = pathProblem(text);
    // What stands around it looks into the path, so that a wrong one ends the reading.
    if (message !== null) context.addIssue({ code: 'custom', message, continue: false });
  })
  .pipe(textTemplate);

const fields = z.strictObject({
  method: z.enum(['GET', 'POST', 'PUT', 'DELETE'], 'must be GET, POST, PUT or DELETE'),
  path: pathText,
  headers: z.record(headerName, textTemplate).default({}),
  body: jsonTemplate.optional(),
  form: z.record(fieldName, jsonTemplate).optional(),
  file: jsonTemplate.optional(),
});

/** The fields of a request, for objects that have more; `requestOf` makes the request of them. */
export function requestFields(method: 'GET' | 'POST') {
  return fields.extend({ method: fields.shape.method.default(method) });
}

type Fields = z.output<typeof fields>;

/** What is wrong with the fields together; null when nothing is. */
export function bodyProblem({ method, body, form, file }: Omit<Fields, 'headers' | 'path'>) {
  const given = [body, form, file].filter((content) => content !== undefined);
  if (given.length > 1) return 'has more than one of `body`, `form` and `file`';
  if (given.length > 0 && (method === 'GET' || method === 'DELETE')) {
    return `is a ${method}, which has no body; put the values into \`path\``;
  }
  if (file !== undefined && (file.kind !== 'file' || file.file.index === null)) {
    return '`file` must be one file of the call: { "$file": "call.audio" } or { "$file": "call.images[0]" }';
  }
  return null;
}

export function requestOf({ method, path, headers, body, form, file }: Fields): RequestSettings {
  const lower = Object.entries(headers).map(
    ([name, template]) => [name.toLowerCase(), template] as const,
  );
  return { method, path, headers: lower, body: bodyOf({ body, form, file }) };
}

function bodyOf({ body, form, file }: Pick<Fields, 'body' | 'form' | 'file'>) {
  if (body !== undefined) return { kind: 'json', template: body } as const;
  if (form !== undefined) return { kind: 'form', fields: Object.entries(form) } as const;
  if (file?.kind === 'file') return { kind: 'file', file: file.file } as const;
  return { kind: 'none' } as const;
}

/** Every place that a request reads. */
export function placesOf({ path, headers, body }: RequestSettings): readonly JsonPath[] {
  return [
    ...placesIn(path),
    ...headers.flatMap(([, template]) => placesIn(template)),
    ...placesOfBody(body),
  ];
}

function placesOfBody(body: RequestSettings['body']): readonly JsonPath[] {
  switch (body.kind) {
    case 'none':
      return [];
    case 'json':
      return placesIn(body.template);
    case 'form':
      return body.fields.flatMap(([, template]) => placesIn(template));
    case 'file':
      return [['call', body.file.field]];
  }
}
