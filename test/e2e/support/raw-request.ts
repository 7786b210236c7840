import { request, type ClientRequest, type IncomingMessage } from 'node:http';

import type { Answer, Api } from './api.ts';

/**
 * A submit whose body is written by hand and never ends: whoever answers has not read it to its end. What comes
 * back is the answer, and how much had been written by then.
 */
export async function submitWithoutEnd(
  api: Api,
  headers: Record<string, string>,
  pieces: readonly string[],
): Promise<Answer<unknown>> {
  const sending = request(`${api.url}/v1/jobs`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${api.key}`,
      'content-type': 'application/json',
      ...headers,
    },
  });
  const answered = answerTo(sending);
  try {
    for (const piece of pieces) {
      const over = await Promise.race([answered, written(sending, piece)]);
      if (over !== undefined) return over;
    }
    return await answered;
  } finally {
    sending.destroy();
  }
}

/** Resolves once the piece has left this process. */
function written(sending: ClientRequest, piece: string): Promise<undefined> {
  return new Promise((resolve) => {
    sending.write(piece, () => resolve(undefined));
  });
}

function answerTo(sending: ClientRequest): Promise<Answer<unknown>> {
  return new Promise((resolve, reject) => {
    sending.once('error', reject);
    sending.once('response', (reply) => {
      readAll(reply).then(resolve, reject);
    });
  });
}

async function readAll(reply: IncomingMessage): Promise<Answer<unknown>> {
  let text = '';
  for await (const chunk of reply.setEncoding('utf8')) text += String(chunk);
  const headers = Object.entries(reply.headers).map(([name, value]): [string, string] => [
    name,
    String(value),
  ]);
  return {
    status: reply.statusCode ?? 0,
    headers: new Headers(headers),
    text,
    body: JSON.parse(text) as unknown,
  };
}
