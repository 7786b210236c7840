import { isJsonObject, type Json } from '../../domain/json.ts';
import type { AiBinding } from '../binding.ts';
import type { FetchLike } from '../http/exchange.ts';

/**
 * The binding in the place of the network: it takes the same input under the same model, and gives the same answer
 * without the envelope around it.
 */
export function fetchByBinding(ai: AiBinding): FetchLike {
  return async (url, { body, signal }) => {
    const { model, isQueued } = targetOf(url);
    const input = await inputOf(body ?? null);
    const options = {
      returnRawResponse: true,
      ...(isQueued ? { queueRequest: true } : {}),
      ...(signal === null || signal === undefined ? {} : { signal }),
    };
    const answer = await unlessAborted(ai.run(model, input, options), signal ?? null);
    return responseOf(answer, isJsonObject(input) && input['stream'] === true);
  };
}

/** The path is our own: `/run/{model}`, with a query for the queue. */
function targetOf(url: string): { readonly model: string; readonly isQueued: boolean } {
  const [path = '', query = ''] = url.split('?');
  const model = decodeURIComponent(path.slice(path.indexOf('/run/') + '/run/'.length));
  return { model, isQueued: query.includes('queueRequest=true') };
}

/** A sound's bytes are a list of numbers here. */
async function inputOf(body: RequestInit['body'] | null): Promise<Json> {
  const text = typeof body === 'string' ? body : null;
  if (text !== null) {
    const input: Json = JSON.parse(text);
    return input;
  }
  const bytes = new Uint8Array(await new Response(body).arrayBuffer());
  return { audio: Array.from(bytes) };
}

/** UNVERIFIED: that every runtime gives a raw response; a bare result or stream becomes one here. */
function responseOf(answer: unknown, isStreamed: boolean): Response {
  if (answer instanceof Response) return answer;
  if (answer instanceof ReadableStream) {
    const type = isStreamed ? 'text/event-stream' : 'application/octet-stream';
    return new Response(answer, { headers: { 'content-type': type } });
  }
  return Response.json(answer ?? null);
}

/** The binding may not listen to the signal. Its answer is then nobody's. */
async function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal | null): Promise<T> {
  if (signal === null) return answer;
  answer.catch(() => undefined);
  const aborted = new Promise<never>((_resolve, reject) => {
    const fail = (): void => reject(new Error('aborted'));
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
  return Promise.race([answer, aborted]);
}
