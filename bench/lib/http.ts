import { Agent, request } from 'node:http';

export type Reply = { readonly status: number; readonly body: unknown; readonly ms: number };

const agent = new Agent({ keepAlive: true, maxSockets: 128 });

/** One request on a connection that is kept; gives the answer and how long it took. */
export function send(
  method: string,
  url: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  const payload = body === undefined ? '' : JSON.stringify(body);
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method,
        agent,
        headers: {
          ...(payload === '' ? {} : { 'content-type': 'application/json' }),
          'content-length': Buffer.byteLength(payload),
          ...headers,
        },
      },
      (incoming) => {
        let text = '';
        incoming.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        incoming.once('error', reject).once('end', () => {
          const ms = performance.now() - startedMs;
          const status = incoming.statusCode ?? 0;
          if (status >= 400) reject(new Error(`${method} ${url} answered ${status}: ${text}`));
          else resolve({ status, body: parsed(text), ms });
        });
      },
    );
    outgoing.once('error', reject).end(payload);
  });
}

function parsed(text: string): unknown {
  return text === '' ? null : JSON.parse(text);
}

/** Closes what is kept open. */
export function closeConnections(): void {
  agent.destroy();
}
