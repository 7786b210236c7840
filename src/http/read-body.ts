import type { Context } from 'hono';

import type { ServiceFailure } from '../services/result.ts';
import type { AppEnv } from './deps.ts';

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
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly failure: ServiceFailure };

/** Reads a JSON body, and stops reading at the moment it is known to be too large. */
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
  try {
    const value: unknown = JSON.parse(text);
    return { ok: true, value };
  } catch (error) {
    return refused('invalid_request', `the body is not valid JSON: ${syntaxHint(error)}`, '');
  }
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
  const decoder = new TextDecoder();
  const reader = body.getReader();
  const { afterBytes, bytesMax: refine } = limit.refine ?? NEVER;
  let { bytesMax } = limit;
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    const before = bytes;
    bytes += value.byteLength;
    text += decoder.decode(value, { stream: true });
    if (before < afterBytes && bytes >= afterBytes) {
      bytesMax = Math.min(bytesMax, (await refine(text)) ?? bytesMax);
    }
    if (Math.max(bytes, announced) > bytesMax) {
      await reader.cancel();
      return tooLarge(bytesMax);
    }
  }
}

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
