import type { JsonObject } from '../../domain/json.ts';
import type { MultipartBody, WireValue } from '../http/wire-body.ts';

type Fields = { readonly [name: string]: WireValue };

/**
 * A body with the fields that only the provider knows. What the adapter sets itself wins, and whether a reply is
 * streamed is the adapter's decision alone.
 */
export function withOptions(options: JsonObject | undefined, body: Fields): Fields {
  return { ...withoutStreaming(options), ...body };
}

/** The same for a form, where lists are repeated fields and everything is text. */
export function withFormOptions(
  options: JsonObject | undefined,
  fields: MultipartBody['fields'],
): MultipartBody['fields'] {
  const taken = new Set(fields.map(({ name }) => name.replace(/\[\]$/, '')));
  const added = Object.entries(withoutStreaming(options))
    .filter(([name]) => !taken.has(name))
    .flatMap(([name, value]) =>
      Array.isArray(value)
        ? value.map((item) => ({ name: `${name}[]`, value: asText(item) }))
        : [{ name, value: asText(value) }],
    );
  return [...fields, ...added];
}

function withoutStreaming(options: JsonObject = {}): JsonObject {
  const { stream: _stream, stream_options: _streamOptions, ...others } = options;
  return others;
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
