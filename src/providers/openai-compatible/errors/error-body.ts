import { isJsonObject, type Json, type JsonObject } from '../../../domain/json.ts';
import { isList } from '../../shared/json-fields.ts';

/** What a provider says about an error, read from any of the shapes that are in use. */
export type ProviderError = {
  readonly message: string;
  readonly code: string | null;
  readonly type: string | null;
  readonly param: string | null;
  /** A `code` that is a number is an HTTP status, which matters where the real one is 200. */
  readonly status: number | null;
  /** Everything machine-readable that was said, most telling first. */
  readonly signals: readonly string[];
};

/**
 * The error in a body, or `null` when the body is none: `{error: {...}}`, `{error: "..."}`,
 * `{object: "error", ...}`, `{type: "error", ...}`, or a list around one of them.
 */
export function readProviderError(body: Json): ProviderError | null {
  const first: Json | undefined = Array.isArray(body) ? body[0] : body;
  if (first === undefined || !isJsonObject(first)) return null;
  const error = errorIn(first);
  if (typeof error === 'string' && error !== '') return fromFields({ message: error });
  if (error !== undefined && isJsonObject(error)) return fromFields(error);
  return first['object'] === 'error' || first['type'] === 'error' ? fromFields(first) : null;
}

/** Cloudflare's gateway has a list of errors, under either name. */
function errorIn({ error, errors }: JsonObject): Json | undefined {
  const said = error ?? errors;
  return isList(said) ? said[0] : said;
}

/** The error of a reply whose status already says that it is one: here any text counts. */
export function readErrorReply(body: Json): ProviderError {
  if (typeof body === 'string') return fromFields({ message: body });
  const known = readProviderError(body);
  if (known !== null) return known;
  if (!isJsonObject(body)) return fromFields({ message: JSON.stringify(body) });
  const said = body['message'] ?? body['detail'] ?? body;
  return fromFields({ ...body, message: typeof said === 'string' ? said : JSON.stringify(said) });
}

function fromFields(fields: JsonObject): ProviderError {
  const { code, type, message } = fields;
  const metadata = fields['metadata'];
  const named = textOrNull(code);
  const typed = textOrNull(type);
  const extra = metadata !== undefined && isJsonObject(metadata) ? signalsOf(metadata) : [];
  return {
    message: typeof message === 'string' ? message : JSON.stringify(message ?? fields),
    code: named,
    type: typed,
    param: textOrNull(fields['param']),
    status: statusOf(code),
    signals: [...extra, named, typed].filter((signal) => signal !== null),
  };
}

/** OpenRouter's metadata: which limit was hit, or that a moderator flagged the input. */
function signalsOf(metadata: JsonObject): (string | null)[] {
  const flagged = metadata['reasons'] !== undefined || metadata['flagged_input'] !== undefined;
  return [
    textOrNull(metadata['limit_source']),
    textOrNull(metadata['error_type']),
    flagged ? 'flagged_input' : null,
  ];
}

function statusOf(code: Json | undefined): number | null {
  const status = typeof code === 'string' && /^\d{3}$/.test(code) ? Number(code) : code;
  return typeof status === 'number' && status >= 300 && status <= 599 ? status : null;
}

function textOrNull(value: Json | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
