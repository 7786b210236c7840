import { Hono } from 'hono';

import { concatBytes } from '../../domain/bytes.ts';
import { CALLBACK_BYTES_MAX, receiveCallback } from '../../services/callbacks/receive-callback.ts';
import type { AppEnv } from '../deps.ts';
import { failureResponse } from '../failure-response.ts';

/**
 * Where providers report the end of work that goes on by itself. Not under `/v1`, and without a key of ours: the token
 * in the path and the provider's signature stand for it. Not part of the public document.
 */
export const callbackRoutes = new Hono<AppEnv>();

callbackRoutes.post('/callbacks/:provider/:token', async (c) => {
  const body = await readBytes(c.req.raw);
  if (body === null) {
    const message = `a callback may have ${CALLBACK_BYTES_MAX} bytes at most`;
    return failureResponse(c, { code: 'payload_too_large', message });
  }
  const { provider, token } = c.req.param();
  const headers = Object.fromEntries(c.req.raw.headers);
  const taken = await receiveCallback(c.env.deps, { provider, token, headers, body });
  if (!taken.ok) return failureResponse(c, taken.failure);
  c.set('jobId', taken.value.jobId);
  return c.json({ received: true });
});

/** The raw body; null as soon as it is known to be too large. */
async function readBytes(request: Request): Promise<Uint8Array | null> {
  if (Number(request.headers.get('content-length') ?? 0) > CALLBACK_BYTES_MAX) return null;
  const pieces: Uint8Array[] = [];
  let length = 0;
  const stream: AsyncIterable<Uint8Array> = request.body ?? nothing();
  for await (const piece of stream) {
    length += piece.byteLength;
    if (length > CALLBACK_BYTES_MAX) return null;
    pieces.push(piece);
  }
  return concatBytes(pieces);
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
