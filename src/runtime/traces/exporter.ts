import { z } from 'zod';

import { retryAfterMs } from '../../domain/retry-after.ts';
import { errorName, type Log } from '../../services/ports/log.ts';
import { readCapped } from '../../services/outbound/read-capped.ts';
import type { Machine } from '../../services/ports/runtime.ts';
import type { OwnedEntry } from '../d1/history/write-history.ts';
import { otlpJson } from './otlp-json.ts';
import type { Span } from './span.ts';
import { spansOfEntry } from './spans-of-entry.ts';
import type { TraceSettings } from './trace-settings.ts';

export type TraceDeps = TraceSettings & {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly machine: Machine;
  readonly log: Log;
};

const SPANS_PER_REQUEST = 512;
/** What one batch of history exports; more is left out, and told. */
const SPANS_MAX = 5_120;
const REQUEST_MS = 5_000;
const TRIES = 3;
const PAUSE_MS = 1_000;
const PAUSE_MAX_MS = 5_000;
/** Statuses after which the specification of OTLP lets a request be sent again. */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/**
 * Sends the spans of history that was just written. Never throws and never holds history up: it is called beside the
 * consumer, its requests and tries are bounded, and what the receiver does not take is told in the log. History that
 * comes twice exports the same spans under the same ids.
 */
export async function exportSpans(deps: TraceDeps, entries: readonly OwnedEntry[]): Promise<void> {
  try {
    const made = await Promise.all(entries.map((owned) => spansOfEntry(deps.machine, owned)));
    const spans = made.flat();
    for (let start = 0; start < Math.min(spans.length, SPANS_MAX); start += SPANS_PER_REQUEST) {
      const sent = await send(deps, spans.slice(start, start + SPANS_PER_REQUEST));
      // A receiver that is not there will not take the rest either.
      if (!sent) return tellLost(deps, spans.length - start, 'not_sent');
    }
    if (spans.length > SPANS_MAX) tellLost(deps, spans.length - SPANS_MAX, 'too_many');
  } catch (error) {
    deps.log('error', 'traces.defect', { error: errorName(error) });
  }
}

function tellLost({ log }: TraceDeps, count: number, reason: string): void {
  log('warn', 'traces.lost', { count, reason });
}

/** False when the receiver did not take them. */
async function send(deps: TraceDeps, spans: readonly Span[]): Promise<boolean> {
  const body = otlpJson(deps.service, spans);
  for (let tries = 1; ; tries += 1) {
    const answer = await post(deps, body);
    if (answer.kind === 'taken') {
      if (answer.rejected > 0) tellLost(deps, answer.rejected, 'rejected');
      return true;
    }
    deps.log('warn', 'traces.not_sent', {
      count: spans.length,
      tries,
      http_status: answer.status,
      error: answer.error,
    });
    if (!answer.again || tries === TRIES) return false;
    await deps.machine.wait(Math.min(PAUSE_MAX_MS, answer.afterMs ?? PAUSE_MS * tries));
  }
}

type Answer =
  /** A receiver may take a request and leave out some of its spans. */
  | { readonly kind: 'taken'; readonly rejected: number }
  | {
      readonly kind: 'refused';
      readonly again: boolean;
      readonly status: number | null;
      readonly error: string | null;
      readonly afterMs: number | null;
    };

async function post(
  { fetch, endpoint, headers, machine }: TraceDeps,
  body: string,
): Promise<Answer> {
  try {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body,
      // A redirect would carry the headers, which are secret, to another host.
      redirect: 'manual',
      signal: AbortSignal.timeout(REQUEST_MS),
    });
    if (response.ok) return { kind: 'taken', rejected: await rejectedBy(response) };
    await response.body?.cancel();
    const { status } = response;
    const afterMs = retryAfterMs(response.headers.get('retry-after'), machine.nowMs());
    return { kind: 'refused', again: RETRYABLE.has(status), status, error: null, afterMs };
  } catch (error) {
    const name = errorName(error);
    return { kind: 'refused', again: true, status: null, error: name, afterMs: null };
  }
}

/** An answer of OTLP (opentelemetry.io/docs/specs/otlp, "partial success"); what its message says is the receiver's text. */
const ANSWER_BYTES_MAX = 16_384;
const partialAnswer = z.object({
  partialSuccess: z.object({ rejectedSpans: z.coerce.number().int().nonnegative() }),
});

/** How many spans were left out; 0 too where the answer does not say, as by many receivers. */
async function rejectedBy(response: Response): Promise<number> {
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  if (!isJson) {
    await response.body?.cancel();
    return 0;
  }
  const read = await readCapped(response, ANSWER_BYTES_MAX);
  if (!read.ok) return 0;
  try {
    const told = partialAnswer.safeParse(JSON.parse(new TextDecoder().decode(read.value)));
    return told.data?.partialSuccess.rejectedSpans ?? 0;
  } catch {
    return 0;
  }
}
