import type { JsonObject } from '../../../src/domain/json.ts';

/** Whose wire format a path belongs to. OpenAI's stands at the root, the others below a name of their own. */
export type WireDialect =
  | 'openai'
  | 'anthropic'
  | 'google'
  | 'workers-ai'
  | 'replicate'
  | 'fal'
  | 'deepgram'
  | 'assemblyai'
  | 'cohere'
  | 'jina'
  | 'voyage'
  | 'own';

/** Where a provider's base URL leads to, below the simulator's own address. */
export const basePathOf: Readonly<Record<WireDialect, string>> = {
  openai: '/v1',
  anthropic: '/anthropic/v1',
  google: '/google/v1beta',
  'workers-ai': '/workers-ai/client/v4',
  replicate: '/replicate/v1',
  fal: '/fal',
  deepgram: '/deepgram/v1',
  assemblyai: '/assemblyai/v2',
  cohere: '/cohere/v2',
  jina: '/jina/v1',
  voyage: '/voyage/v1',
  own: '/own/v1',
};

const prefixed = [
  'anthropic',
  'google',
  'workers-ai',
  'replicate',
  'fal',
  'deepgram',
  'assemblyai',
  'cohere',
  'jina',
  'voyage',
  'own',
] as const;

export function dialectOf(path: string): WireDialect {
  return prefixed.find((dialect) => path.startsWith(`/${dialect}/`)) ?? 'openai';
}

const modelInPath: readonly RegExp[] = [
  /^\/google\/v1beta\/models\/([^/:]+):/,
  /^\/workers-ai\/client\/v4\/accounts\/[^/]+\/ai\/run\/(.+)$/,
  /^\/replicate\/v1\/models\/([^/]+\/[^/]+)\/predictions$/,
  /^\/fal\/(?!.*\/requests\/)(.+)$/,
];

/** The model that a request names, in its body or in its path; null for a request about anything else. */
export function modelOf(path: string, fields: JsonObject): string | null {
  const { model, version } = fields;
  if (typeof model === 'string') return model;
  const [speechModel] = Array.isArray(fields['speech_models']) ? fields['speech_models'] : [];
  if (typeof speechModel === 'string') return speechModel;
  if (typeof version === 'string') return version;
  const named = modelInPath.map((pattern) => pattern.exec(path)?.[1]);
  return named.find((name) => name !== undefined) ?? null;
}

/** The key of a request, wherever the vendor wants it; null without one. */
export function keyOf(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  dialect: WireDialect,
): string | null {
  const { authorization, 'x-api-key': anthropic, 'x-goog-api-key': google } = headers;
  const scheme = dialect === 'assemblyai' ? /^(\S+)$/ : /^(?:Bearer|Key|Token) +(\S+)$/i;
  const given = scheme.exec(String(authorization ?? ''))?.[1];
  const plain = [anthropic, google].find((key) => typeof key === 'string');
  return given ?? (typeof plain === 'string' ? plain : null);
}

type Shape = (status: number, message: string, parts: ErrorWords) => object;
type ErrorWords = { readonly type: string | null; readonly code: string | number | null };

const googleStatus: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

const anthropicType: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

const workersAiCode: Readonly<Record<number, number>> = {
  400: 5004,
  401: 10_000,
  403: 3_041,
  404: 3_042,
  408: 3_007,
  413: 3_006,
  429: 3_040,
};

const shapes: Readonly<Record<Exclude<WireDialect, 'openai'>, Shape>> = {
  anthropic: (status, message, { type }) => ({
    type: 'error',
    error: { type: type ?? anthropicType[status] ?? 'api_error', message },
    request_id: 'req_sim',
  }),
  google: (status, message, { type }) => ({
    error: {
      code: status,
      message,
      status: type ?? googleStatus[status] ?? 'UNKNOWN',
      details: [],
    },
  }),
  'workers-ai': (status, message, { code }) => ({
    result: null,
    success: false,
    errors: [{ code: code ?? workersAiCode[status] ?? 0, message }],
    messages: [],
  }),
  replicate: (status, message) => ({ title: 'Simulated error', detail: message, status }),
  deepgram: (_status, message, { code }) => ({
    err_code: code ?? 'Bad Request',
    err_msg: message,
    request_id: 'sim-dg',
  }),
  assemblyai: (_status, message) => ({ error: message }),
  cohere: (_status, message) => ({ id: 'sim-cohere', message }),
  jina: (_status, message) => ({ detail: message }),
  voyage: (_status, message) => ({ detail: message }),
  own: (_status, message, { code }) => ({ problem: { code: code ?? 'simulated', text: message } }),
  fal: (_status, message, { type }) => ({
    detail: message,
    ...(type === null ? {} : { error_type: type }),
  }),
};

/** An error's body in a vendor's own words; null for OpenAI's, which every other answer is made of. */
export function errorBodyIn(
  dialect: WireDialect,
  status: number,
  message: string,
  parts: ErrorWords,
): object | null {
  return dialect === 'openai' ? null : shapes[dialect](status, message, parts);
}
