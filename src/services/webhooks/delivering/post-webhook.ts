import { retryAfterMs } from '../../../domain/retry-after.ts';
import type { Outside } from '../../outbound/outside.ts';
import type { OutsideFetch } from '../../outbound/resolve-name.ts';
import type { Machine } from '../../ports/runtime.ts';

export type PostDeps = {
  readonly outside: Pick<Outside, 'check'>;
  readonly fetch: OutsideFetch;
  readonly machine: Pick<Machine, 'wait' | 'nowMs'>;
};

export type WebhookRequest = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

export type WebhookAnswer = {
  /** Null when no answer came. */
  readonly status: number | null;
  /** Null for a 2xx; else a name for what went wrong. */
  readonly error: string | null;
  /** The first bytes of the answer, as text without control characters. */
  readonly answer: string;
  readonly retryAfterMs: number | null;
  readonly latencyMs: number;
};

/** From the look-up of the host to the last byte that is read. */
const TIMEOUT_MS = 15_000;
const ANSWER_BYTES_MAX = 512;

/**
 * POSTs to an address that somebody else has named. The rules for hostile URLs hold as for everything that is fetched
 * (see `outbound/outside.ts`); redirects are not followed, and of the answer only the beginning is read.
 */
export async function postWebhook(deps: PostDeps, request: WebhookRequest): Promise<WebhookAnswer> {
  const { machine } = deps;
  const startedAtMs = machine.nowMs();
  const abort = new AbortController();
  const timer = new AbortController();
  const late = machine.wait(TIMEOUT_MS, timer.signal).then((): Said => {
    if (!timer.signal.aborted) abort.abort('deadline');
    return failed('timeout');
  });
  // The other side may hold a read for ever, whatever was aborted.
  const said = await Promise.race([post(deps, request, abort.signal), late]);
  timer.abort();
  return { ...said, latencyMs: Math.max(0, machine.nowMs() - startedAtMs) };
}

type Said = Omit<WebhookAnswer, 'latencyMs'>;

function failed(error: string): Said {
  return { status: null, error, answer: '', retryAfterMs: null };
}

async function post(
  { outside, fetch, machine }: PostDeps,
  { url, headers, body }: WebhookRequest,
  signal: AbortSignal,
): Promise<Said> {
  const checked = await outside.check(url, signal);
  if (!checked.ok) return failed(checked.failure.code ?? 'url_refused');
  const bare = new URL(checked.value);
  bare.hash = '';
  try {
    const init = { method: 'POST', headers, body, redirect: 'manual', signal } as const;
    const response = await fetch(bare.href, init);
    return await read(response, machine.nowMs());
  } catch {
    return failed(signal.aborted ? 'timeout' : 'no_answer');
  }
}

async function read(response: Response, nowMs: number): Promise<Said> {
  const { status, headers } = response;
  const answer = await beginning(response);
  const error = status >= 200 && status <= 299 ? null : errorOf(status);
  return { status, error, answer, retryAfterMs: retryAfterMs(headers.get('retry-after'), nowMs) };
}

function errorOf(status: number): string {
  return status >= 300 && status <= 399 ? 'redirect' : 'http_status';
}

/** What broke after the status came does not change what was said. */
async function beginning({ body }: Response): Promise<string> {
  if (body === null) return '';
  const reader = body.getReader();
  let bytes = new Uint8Array();
  try {
    while (bytes.length < ANSWER_BYTES_MAX) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes = new Uint8Array([...bytes, ...value.subarray(0, ANSWER_BYTES_MAX - bytes.length)]);
    }
  } catch {
    // As much as there is.
  }
  await reader.cancel().catch(() => {});
  return new TextDecoder().decode(bytes).replaceAll(/[\p{Cc}\p{Cf}]/gu, ' ');
}
