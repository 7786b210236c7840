import type { ChatCall, ModelCall } from '../../../src/domain/model/model-call.ts';
import { makeAnthropic } from '../../../src/providers/anthropic/adapter.ts';
import type { FetchLike } from '../../../src/providers/http/exchange.ts';
import type { CallContext, ProviderAdapter } from '../../../src/providers/port.ts';
import { noFetch, contextOf } from '../calling.ts';

export const secretKey = 'sk-ant-api03-0123456789abcdefSECRET';
export function makeAdapter(fetch: FetchLike = noFetch): ProviderAdapter {
  return makeAnthropic({
    id: 'anthropic',
    baseUrl: 'https://api.anthropic.example/v1/',
    apiKey: ` ${secretKey} `,
    secretName: 'ANTHROPIC_API_KEY',
    fetch,
  });
}

export function chatCall(overrides: Partial<ChatCall> = {}): ChatCall {
  return {
    kind: 'chat',
    model: 'claude-sonnet-4-5',
    messages: [{ role: 'user', content: 'Say hello to Ada.' }],
    parameters: {},
    output: { kind: 'text' },
    ...overrides,
  };
}

export const classifyCall: ModelCall = {
  kind: 'classify',
  model: 'claude-sonnet-4-5',
  text: 'My card was charged twice.',
  labels: [{ label: 'billing' }, { label: 'bug' }],
  topN: 1,
};

/** A message as the API gives it in one piece. */
export function message(overrides: object = {}): { [name: string]: never } {
  return {
    id: 'msg_01',
    type: 'message',
    role: 'assistant',
    model: 'claude-sonnet-4-5-20250929',
    content: [{ type: 'text', text: 'Hello Ada.' }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 12, output_tokens: 7 },
    ...overrides,
  } as never;
}

export function error(type: string, text = 'words of the provider', more: object = {}) {
  const said = { type: 'error', error: { type, message: text, ...more }, request_id: 'req_body' };
  return said as unknown as { [name: string]: never };
}

export function batch(overrides: object = {}): { [name: string]: never } {
  return {
    id: 'msgbatch_01',
    type: 'message_batch',
    processing_status: 'in_progress',
    request_counts: { processing: 1, succeeded: 0, errored: 0, canceled: 0, expired: 0 },
    created_at: '2026-11-20T10:00:00.000Z',
    expires_at: '2026-11-21T10:00:00.000Z',
    ended_at: null,
    cancel_initiated_at: null,
    results_url: null,
    ...overrides,
  } as never;
}

export type Sent = { readonly url: string; readonly init: RequestInit };

/** A fetch that answers by path, and what it was asked. */
export function server(answers: Readonly<Record<string, () => Response>>): {
  readonly fetch: FetchLike;
  readonly sent: readonly Sent[];
} {
  const sent: Sent[] = [];
  const fetch: FetchLike = async (url, init) => {
    sent.push({ url, init });
    const target = `${init.method ?? 'GET'} ${url.replace('https://api.anthropic.example/v1', '')}`;
    return answers[target]?.() ?? new Response('{}', { status: 404 });
  };
  return { fetch, sent };
}

export function json(body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    headers: { 'content-type': 'application/json', ...headers },
  });
}

export function contextWith(overrides: Partial<CallContext> = {}): CallContext {
  return contextOf({ idempotencyKey: 'job_1:write:1', ...overrides });
}
