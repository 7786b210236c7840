import type { FetchLike } from '../../src/providers/http/exchange.ts';

export type Sent = {
  readonly url: string;
  readonly method: string;
  /** Names in lower case, as they leave. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON parsed; a form as its fields, a file as its name, type and bytes; a stream as its bytes. */
  readonly body: unknown;
};

/** A fetch that answers with this JSON and writes down what it was given. */
export function capturing(answer: unknown, status = 200): { fetch: FetchLike; sent: Sent[] } {
  const sent: Sent[] = [];
  const fetch: FetchLike = async (url, init) => {
    // A form gets its content type from the runtime.
    const request = new Request(url, init);
    sent.push({
      url: request.url,
      method: request.method,
      headers: Object.fromEntries(new Headers(init.headers)),
      body: await bodyOf(init.body, request),
    });
    return Response.json(answer, { status });
  };
  return { fetch, sent };
}

async function bodyOf(body: RequestInit['body'], request: Request): Promise<unknown> {
  if (body === undefined || body === null) return null;
  if (body instanceof ReadableStream) return [...new Uint8Array(await request.arrayBuffer())];
  if (!(body instanceof FormData)) return request.json();
  const fields = Array.from(body.entries(), async ([name, value]) =>
    typeof value === 'string'
      ? [name, value]
      : [name, value.name, value.type, [...new Uint8Array(await value.arrayBuffer())]],
  );
  return Promise.all(fields);
}
