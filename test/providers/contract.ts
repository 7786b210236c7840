/** What every adapter must keep, whatever its provider. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { ModelCall, ModelKind } from '../../src/domain/model/model-call.ts';
import type { FetchLike } from '../../src/providers/http/exchange.ts';
import type { CallOutcome, ProviderAdapter, Ticket, WireReply } from '../../src/providers/port.ts';
import { anyEvidence, anyReply } from './arbitrary.ts';
import { contextOf, noFetch, someFile } from './calling.ts';

export type AdapterFixtures = {
  /** One call for each kind and execution that the adapter has, and a reply of success to it. */
  readonly exchanges: readonly {
    readonly call: ModelCall;
    /** Header names in lower case; the body as it is after parsing. */
    readonly reply: WireReply;
  }[];
  /** The secrets that the adapter was made with. Each must be long and unlike any other text. */
  readonly secrets: readonly string[];
  /** Where calls in the background are reported to, for adapters that cannot do without. */
  readonly callbackUrl?: string | null;
  /** Answers what precedes the one request that the provider charges; null for that one. */
  readonly prelude?: (url: string) => Response | null;
  /** A ticket as the adapter makes it, with its call, where it has tickets. */
  readonly pending?: { readonly ticket: Ticket; readonly call: ModelCall };
};

const all: { readonly [Kind in ModelKind]: ModelCall } = {
  chat: {
    kind: 'chat',
    model: 'm',
    messages: [{ role: 'user', content: 'Hello' }],
    parameters: {},
    output: { kind: 'text' },
  },
  embed: { kind: 'embed', model: 'm', texts: ['one'] },
  classify: { kind: 'classify', model: 'm', text: 'one', labels: [{ label: 'a' }], topN: 1 },
  rerank: { kind: 'rerank', model: 'm', query: 'q', documents: ['d'], topN: 1 },
  summarize: { kind: 'summarize', model: 'm', text: 'One. Two.', maxSentences: 1 },
  image: { kind: 'image', model: 'm', prompt: 'a cat', count: 1 },
  transcribe: { kind: 'transcribe', model: 'm', audio: someFile('audio/mpeg') },
  moderate: { kind: 'moderate', model: 'm', text: 'one' },
};

/** `make` gives the adapter, bound to this fetch and to the secrets of the fixtures. */
export function describeAdapterContract(
  name: string,
  make: (fetch: FetchLike) => ProviderAdapter,
  fixtures: AdapterFixtures,
): void {
  const idle = make(noFetch);
  describe(`${name} keeps the contract of adapters`, () => {
    describeShape(idle, fixtures);
    describePureParts(idle, fixtures);
    describeUnsent(make, idle, fixtures);
    if (!idle.capabilities.local) {
      describeWire(make, fixtures);
      if (fixtures.pending !== undefined) describePending(make, fixtures, fixtures.pending);
    }
  });
}

function describeShape(adapter: ProviderAdapter, { exchanges, pending }: AdapterFixtures): void {
  const { kinds, executions = {} } = adapter.capabilities;

  test('it says what it is', () => {
    expect(adapter.id).toMatch(/^[a-z][a-z0-9-]*$/);
    expect(Number.isInteger(adapter.version)).toBe(true);
    expect(adapter.version).toBeGreaterThanOrEqual(1);
    expect(new Set(kinds).size).toBe(kinds.length);
  });

  test('each of its kinds and executions has a fixture', () => {
    const covered = exchanges.map(({ call }) => `${call.kind} ${call.execution ?? 'sync'}`);
    const claimed = kinds.flatMap((kind) =>
      (executions[kind] ?? ['sync']).map((execution) => `${kind} ${execution}`),
    );
    expect(new Set(covered)).toEqual(new Set(claimed));
    expect(Object.keys(executions).filter((kind) => !kinds.some((own) => own === kind))).toEqual(
      [],
    );
  });

  test('what answers later can be asked later', () => {
    const isLate = Object.values(executions)
      .flat()
      .some((execution) => execution !== 'sync');
    const tells = adapter.getJobStatus !== undefined || adapter.callbacks !== undefined;
    expect(tells || !isLate).toBe(true);
    expect(pending !== undefined || !isLate).toBe(true);
  });

  test.each(exchanges)('a reply of success to $call.kind is one', ({ call, reply }) => {
    const outcome = adapter.normalizeOutput(reply, call);
    expectOutcome(outcome);
    expect(outcome.kind).not.toBe('failed');
    expect(outcome.kind === 'done' ? outcome.reply.result.kind : call.kind).toBe(call.kind);
  });
}

function describePureParts(
  adapter: ProviderAdapter,
  { exchanges, secrets }: AdapterFixtures,
): void {
  test.each(exchanges)('the request for $call.kind is exact and without secrets', ({ call }) => {
    const request = adapter.transformInput(call);
    expect(request.path.startsWith('/')).toBe(true);
    expect(JSON.stringify(adapter.transformInput(call))).toBe(JSON.stringify(request));
    expectNoSecret(request, secrets);
    for (const field of adapter.unsupported?.(call) ?? []) expect(field).toMatch(/^\w+$/);
  });

  test('no reply makes it throw, show a secret, or say what cannot be stored', () => {
    const replies = anyReply(exchanges, secrets);
    fc.assert(
      fc.property(replies, fc.constantFrom(...exchanges), (reply, { call }) => {
        const outcome = adapter.normalizeOutput(reply, call);
        expectOutcome(outcome);
        expect(reply.status < 300 || outcome.kind === 'failed').toBe(true);
        expectFailureSafe(outcome, secrets);
      }),
      { numRuns: 300 },
    );
  });

  test('no evidence makes it throw or show a secret', () => {
    fc.assert(
      fc.property(anyEvidence(exchanges, secrets), (evidence) => {
        const failure = adapter.classifyError(evidence);
        expectFailureSafe({ kind: 'failed', failure }, secrets);
        expect(adapter.classifyError(evidence)).toEqual(failure);
      }),
      { numRuns: 300 },
    );
  });
}

function describeUnsent(
  make: (fetch: FetchLike) => ProviderAdapter,
  idle: ProviderAdapter,
  { exchanges, callbackUrl = null }: AdapterFixtures,
): void {
  test.each([
    ['cancel', 'cancelled'],
    ['deadline', 'timeout'],
  ])('aborted by %s before the start, nothing is sent', async (reason, failureClass) => {
    const { adapter, urls } = counted(make, noFetch);
    for (const { call } of exchanges) {
      const context = contextOf({ signal: AbortSignal.abort(reason), callbackUrl });
      expect(await adapter.submitJob(call, context)).toMatchObject({
        kind: 'failed',
        failure: { class: failureClass, phase: 'not_sent' },
      });
    }
    expect(urls).toEqual([]);
  });

  const others = Object.values(all).filter(({ kind }) => !idle.capabilities.kinds.includes(kind));
  test.each(others)('a call of kind $kind, which it lacks, is refused unsent', async (call) => {
    const { adapter, urls } = counted(make, noFetch);
    expect(await adapter.submitJob(call, contextOf())).toMatchObject({
      kind: 'failed',
      failure: { class: 'invalid_request', phase: 'not_sent', code: 'unsupported_kind' },
    });
    expect(urls).toEqual([]);
  });
}

function describeWire(
  makeBare: (fetch: FetchLike) => ProviderAdapter,
  { exchanges, secrets, callbackUrl = null, prelude = () => null }: AdapterFixtures,
): void {
  const make = (fetch: FetchLike): ProviderAdapter =>
    makeBare(async (url, init) => prelude(url) ?? fetch(url, init));
  const cases = exchanges.flatMap(({ call, reply }) =>
    faults(reply, secrets).map((fault) => ({ ...fault, call })),
  );
  test.each(cases)('$call.kind: $name', async ({ call, fetch, expected }) => {
    const urls: string[] = [];
    const adapter = make((url, init) => {
      urls.push(url);
      return fetch(url, init);
    });
    const outcome = await adapter.submitJob(call, contextOf({ callbackUrl }));
    expect(outcome).toMatchObject({ kind: 'failed', failure: expected });
    expectFailureSafe(outcome, secrets);
    expect(urls).toHaveLength(1);
  });

  test.each([
    ['cancel', 'cancelled'],
    ['deadline', 'timeout'],
  ])('%s cuts a call that waits', async (reason, failureClass) => {
    for (const { call } of exchanges) {
      const controller = new AbortController();
      const adapter = make(hanging(controller, reason));
      const context = contextOf({ signal: controller.signal, callbackUrl });
      expect(await adapter.submitJob(call, context)).toMatchObject({
        kind: 'failed',
        failure: { class: failureClass, phase: 'unknown' },
      });
    }
  });

  test('redirects are not followed, and correlation headers are passed on', async () => {
    for (const { call } of exchanges) {
      const sent: RequestInit[] = [];
      const adapter = make(async (_url, init) => {
        sent.push(init);
        return new Response('{}', { status: 500 });
      });
      const headers = { traceparent: '00-ab-cd-01' };
      await adapter.submitJob(call, contextOf({ headers, callbackUrl }));
      expect(sent).toMatchObject([{ redirect: 'manual' }]);
      expect(new Headers(sent[0]?.headers).get('traceparent')).toBe('00-ab-cd-01');
    }
  });
}

function describePending(
  make: (fetch: FetchLike) => ProviderAdapter,
  { secrets }: AdapterFixtures,
  { ticket, call }: NonNullable<AdapterFixtures['pending']>,
): void {
  test('its ticket can be stored and holds no secret', () => {
    expect(JSON.parse(JSON.stringify(ticket))).toEqual(ticket);
    expectNoSecret(ticket, secrets);
  });

  test.each(faults({ status: 200, headers: {}, body: {} }, secrets))(
    'asking for the status: $name',
    async ({ fetch }) => {
      const { adapter } = counted(make, fetch);
      const outcome = await adapter.getJobStatus?.(ticket, call, contextOf());
      expect(outcome?.kind).not.toBe('done');
      if (outcome !== undefined) expectFailureSafe(outcome, secrets);
    },
  );

  test.each(faults({ status: 200, headers: {}, body: {} }, secrets))(
    'cancelling and looking for lost work never throw: $name',
    async ({ fetch }) => {
      const { adapter } = counted(make, fetch);
      await expect(
        Promise.resolve(adapter.cancelJob?.(ticket, call, contextOf())),
      ).resolves.toBeUndefined();
      const lost = { call, idempotencyKey: 'att_1', callbackUrl: null, startedAtMs: 1 };
      const found = await adapter.findJob?.(lost, contextOf());
      expect(found?.kind ?? 'unknown').toBe('unknown');
    },
  );
}

type Fault = { readonly name: string; readonly fetch: FetchLike; readonly expected: object };

/** Answers that are no success, whatever was asked. */
function faults({ headers, body }: WireReply, secrets: readonly string[]): readonly Fault[] {
  const page = `<html>Bad gateway ${secrets.join(' ')}</html>`;
  const html = { headers: { 'content-type': 'text/html' } };
  const whole = typeof body === 'string' ? body : JSON.stringify(body);
  return [
    {
      name: 'a refused connection',
      fetch: () =>
        Promise.reject(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') })),
      expected: { class: 'network', phase: 'not_sent' },
    },
    {
      name: 'a lost connection',
      fetch: () => Promise.reject(new Error('Network connection lost.')),
      expected: { class: 'network', phase: 'unknown' },
    },
    {
      name: 'a body that is cut',
      fetch: async () => cutResponse(whole, { ...json, ...headers }),
      expected: { class: 'network', phase: 'unknown' },
    },
    {
      name: 'a 502 with a page',
      fetch: async () => new Response(page, { status: 502, ...html }),
      expected: { class: 'provider_internal', phase: 'unknown', status: 502 },
    },
    {
      name: 'a 200 with a page',
      fetch: async () => new Response(page, html),
      expected: { class: 'provider_internal' },
    },
    {
      name: 'an empty 200',
      fetch: async () => new Response(null, { headers: json }),
      expected: { class: 'provider_internal' },
    },
    {
      name: 'a redirect',
      fetch: async () =>
        new Response(null, { status: 302, headers: { location: 'https://elsewhere.example/' } }),
      expected: { class: 'not_configured', phase: 'rejected', status: 302 },
    },
    {
      name: 'a wrong key',
      fetch: async () =>
        new Response(JSON.stringify({ error: { message: page } }), { status: 401, headers: json }),
      expected: { class: 'auth', phase: 'rejected', status: 401 },
    },
  ];
}

const json = { 'content-type': 'application/json' };
function counted(
  make: (fetch: FetchLike) => ProviderAdapter,
  fetch: FetchLike,
): { readonly adapter: ProviderAdapter; readonly urls: readonly string[] } {
  const urls: string[] = [];
  const adapter = make((url, init) => {
    urls.push(url);
    return fetch(url, init);
  });
  return { adapter, urls };
}

/** Half of a body, and then the connection is gone. */
function cutResponse(text: string, headers: Readonly<Record<string, string>>): Response {
  const half = new TextEncoder().encode(text.slice(0, Math.ceil(text.length / 2)));
  let isFirst = true;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (isFirst) controller.enqueue(half);
      else controller.error(new Error('Network connection lost.'));
      isFirst = false;
    },
  });
  return new Response(body, { headers });
}

/** Never answers; as soon as it is asked, the call is aborted. */
function hanging(controller: AbortController, reason: string): FetchLike {
  return (_url, { signal }) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(new Error('aborted')));
      setTimeout(() => controller.abort(reason), 0);
    });
}

function expectOutcome(outcome: CallOutcome): void {
  expect(['done', 'pending', 'failed']).toContain(outcome.kind);
  expect(JSON.parse(JSON.stringify(outcome))).toEqual(outcome);
}

/** Our own sentence never repeats a provider; nothing that is kept shows a secret. */
function expectFailureSafe(outcome: CallOutcome, secrets: readonly string[]): void {
  expectNoSecret(keptOf(outcome), secrets);
  const sentence = outcome.kind === 'failed' ? outcome.failure.message : '';
  expect(sentence).not.toContain('<html>');
}

/** What is kept of an outcome beside the model's own answer and the provider's count of its usage. */
function keptOf(outcome: CallOutcome): unknown {
  switch (outcome.kind) {
    case 'done': {
      const { returnedModel, providerRequestId, usage } = outcome.reply;
      return { returnedModel, providerRequestId, usage };
    }
    case 'pending':
      return outcome.ticket.data;
    case 'failed':
      return [outcome.failure, outcome.spent?.returnedModel, outcome.spent?.providerRequestId];
  }
}

function expectNoSecret(value: unknown, secrets: readonly string[]): void {
  const text = JSON.stringify(value);
  for (const secret of secrets) expect(text.includes(secret)).toBe(false);
}
