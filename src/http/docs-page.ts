import { html, raw } from 'hono/html';

import { errorCodes } from './failure-response.ts';

/**
 * The API for people: one page, made from the same document that machines read at /openapi.json. No script, and
 * nothing from elsewhere.
 */
type Document = {
  readonly paths?: Readonly<Record<string, unknown>> | undefined;
  readonly components?: { readonly schemas?: Readonly<Record<string, unknown>> } | undefined;
};

type Operation = {
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content?: Content };
  readonly responses?: Readonly<
    Record<string, { readonly description?: string; readonly content?: Content }>
  >;
};
type Parameter = {
  readonly name?: string;
  readonly in?: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: unknown;
};
type Content = Readonly<Record<string, { readonly schema?: unknown }>>;

const STYLE = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 2rem 1rem 6rem; }
h1 { margin-bottom: 0 } h2 { margin-top: 3rem; border-bottom: 1px solid var(--line) }
code, pre { font: 13px/1.45 ui-monospace, monospace } h3 code { font-size: 16px } pre { overflow-x: auto; padding: .8rem; border: 1px solid var(--line); border-radius: 6px }
section { border-bottom: 1px solid var(--line); padding: 1rem 0 } summary { cursor: pointer }
table { border-collapse: collapse } td, th { text-align: left; padding: .2rem 1rem .2rem 0; vertical-align: top }
.verb { display: inline-block; min-width: 4rem; font-weight: 600 }
`;

export function docsPage(document: Document) {
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    Object.entries(isRecord(item) ? item : {}).map(([verb, operation]) => ({
      path,
      verb,
      operation,
    })),
  );
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Penstock API</title>
        <style>
          ${raw(STYLE)}
        </style>
      </head>
      <body>
        <h1>Penstock API</h1>
        <p>
          Production AI pipelines over HTTP. Send your key as
          <code>Authorization: Bearer psk_…</code>. Machines read
          <a href="/openapi.json">/openapi.json</a>.
        </p>
        <h2>Requests</h2>
        ${operations.map(({ path, verb, operation }) => operationView(path, verb, asOperation(operation)))}
        <h2>Errors</h2>
        ${errorsView()}
        <h2>Shapes</h2>
        ${Object.entries(document.components?.schemas ?? {}).map(
          ([name, schema]) =>
            html`<details id="shape-${name}">
              <summary><code>${name}</code></summary>
              <pre>${JSON.stringify(schema, null, 2)}</pre>
            </details>`,
        )}
      </body>
    </html>`;
}

function errorsView() {
  return html`<p>
      Errors are <code>application/problem+json</code> with a <code>code</code>, a sentence in
      <code>detail</code>, and in <code>errors</code> a pointer to every place that has to be
      mended.
    </p>
    <table>
      ${errorCodes.map(
        ({ code, title, status }) =>
          html`<tr id="error-${code}">
            <td>${status}</td>
            <td><code>${code}</code></td>
            <td>${title}</td>
          </tr>`,
      )}
    </table>`;
}

function operationView(path: string, verb: string, operation: Operation) {
  const {
    summary = '',
    description = '',
    parameters = [],
    requestBody,
    responses = {},
  } = operation;
  return html`<section>
    <h3>
      <code><span class="verb">${verb.toUpperCase()}</span> ${path}</code>
    </h3>
    <p><strong>${summary}</strong>${description === '' ? '' : html`<br />${prose(description)}`}</p>
    ${parameters.length === 0 ? '' : parametersView(parameters)}
    ${requestBody === undefined ? '' : schemaView('Body', requestBody.content)}
    ${Object.entries(responses).map(([status, answer]) =>
      schemaView(`${status}: ${answer.description ?? ''}`, answer.content),
    )}
  </section>`;
}

function parametersView(parameters: readonly Parameter[]) {
  return html`<table>
    ${parameters.map(
      ({ name = '', in: place = '', required = false, description = '' }) =>
        html`<tr>
          <td><code>${name}</code></td>
          <td>${place}${required ? ', required' : ''}</td>
          <td>${prose(description)}</td>
        </tr>`,
    )}
  </table>`;
}

function schemaView(title: string, content: Content | undefined) {
  const [schema] = Object.values(content ?? {}).map((media) => media.schema);
  return html`<details>
    <summary>${title}</summary>
    <pre>${JSON.stringify(schema ?? null, null, 2)}</pre>
  </details>`;
}

function asOperation(value: unknown): Operation {
  return isRecord(value) ? value : {};
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** Text with what stands between back-ticks as code. */
function prose(text: string) {
  return text
    .split('`')
    .map((part, index) => (index % 2 === 0 ? part : html`<code>${part}</code>`));
}
