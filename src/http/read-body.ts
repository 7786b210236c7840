import type { Context } from 'hono';

import type { ServiceFailure } from '../services/result.ts';
import type { AppEnv } from './deps.ts';
import { jsonProblem } from './json-problem.ts';

export type BodyLimit = {
  readonly bytesMax: number;
  /**
   * A tighter limit that depends on what the body says, asked for once, when this much of it has been read.
   * Null keeps the limit.
   */
  readonly refine?: {
    readonly afterBytes: number;
    readonly bytesMax: (beginning: string) => Promise<number | null>;
  };
};

export type BodyResult =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly failure: ServiceFailure };

/**
 * Reads a JSON body, and stops reading at the moment it is known to be too large. What is given back is the text:
 * it is known to be JSON, and the framework parses it for the route's schema.
 */
export async function readJsonBody(c: Context<AppEnv>, limit: BodyLimit): Promise<BodyResult> {
  const type = c.req.header('content-type') ?? '';
  if (!/^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(type)) {
    const sent = type === '' ? 'none' : JSON.stringify(type.slice(0, 80));
    return refused(
      'unsupported_media_type',
      `send the body as "content-type: application/json"; it was ${sent}`,
      '/headers/content-type',
    );
  }
  const text = await readText(c.req.raw, limit);
  if (typeof text !== 'string') return { ok: false, failure: text };
  return parse(text);
}

function parse(text: string): BodyResult {
  if (text.trim() === '')
    return refused('invalid_request', 'the body is empty; send a JSON object', '');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refused('invalid_request', `the body is not valid JSON: ${syntaxHint(error)}`, '');
  }
  const problem = jsonProblem(value);
  if (problem === null) return { ok: true, text };
  const message = 'the body holds something that cannot be kept as it is';
  return { ok: false, failure: { code: 'invalid_request', message, violations: [problem] } };
}

/** Where the JSON breaks, without repeating what stands there. */
function syntaxHint(error: unknown): string {
  const text = error instanceof Error ? error.message : '';
  const position = /position (\d+)/.exec(text)?.[1];
  if (position !== undefined) return `it breaks at character ${position}`;
  return /end of JSON/i.test(text) ? 'it ends in the middle' : 'check commas, quotes and braces';
}

async function readText(request: Request, limit: BodyLimit): Promise<string | ServiceFailure> {
  const announced = Number(request.headers.get('content-length') ?? 0);
  if (announced > limit.bytesMax) return tooLarge(limit.bytesMax);
  return request.body === null ? '' : readStream(request.body, limit, announced);
}

async function readStream(
  body: ReadableStream<Uint8Array>,
  limit: BodyLimit,
  announced: number,
): Promise<string | ServiceFailure> {
  const decode = makeDecoder();
  const reader = body.getReader();
  const { afterBytes, bytesMax: refine } = limit.refine ?? NEVER;
  let { bytesMax } = limit;
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    const piece = decode(value);
    if (piece === null) {
      await reader.cancel();
      return NOT_UTF8;
    }
    text += piece;
    if (done) return text;
    const before = bytes;
    bytes += value.byteLength;
    if (before < afterBytes && bytes >= afterBytes) {
      bytesMax = Math.min(bytesMax, (await refine(text)) ?? bytesMax);
    }
    if (Math.max(bytes, announced) > bytesMax) {
      await reader.cancel();
      return tooLarge(bytesMax);
    }
  }
}

/** Decodes piece after piece, and without a piece what is left; null when the bytes are not UTF-8. */
function makeDecoder(): (piece: Uint8Array | undefined) => string | null {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });
  return (piece) => {
    try {
      return piece === undefined ? decoder.decode() : decoder.decode(piece, { stream: true });
    } catch {
      return null;
    }
  };
}

const NOT_UTF8: ServiceFailure = {
  code: 'invalid_request',
  message: 'the body is not valid UTF-8, which JSON has to be',
  violations: [{ pointer: '', code: 'encoding', message: 'is not valid UTF-8' }],
};

const NEVER: NonNullable<BodyLimit['refine']> = {
  afterBytes: Number.POSITIVE_INFINITY,
  bytesMax: () => Promise.resolve(null),
};

function tooLarge(bytesMax: number): ServiceFailure {
  const message = `the body is larger than the ${bytesMax} bytes that are accepted here; it was not read to its end`;
  return {
    code: 'payload_too_large',
    message,
    violations: [{ pointer: '', code: 'max_bytes', message }],
  };
}

function refused(
  code: ServiceFailure['code'],
  message: string,
  pointer: string,
): { readonly ok: false; readonly failure: ServiceFailure } {
  return { ok: false, failure: { code, message, violations: [{ pointer, code, message }] } };
}
