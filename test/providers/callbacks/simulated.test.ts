/** The adapters with tickets against the pretended provider: submit, callback, status, cancel. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { Json } from '../../../src/domain/json.ts';
import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import type {
  CallbackRequest,
  CallOutcome,
  ProviderAdapter,
  Ticket,
} from '../../../src/providers/port.ts';
import { makeRegistry } from '../../../src/providers/registry.ts';
import {
  falJwksPath,
  simulatedWebhookSecret,
} from '../../support/simulator/callbacks/signatures.ts';
import { startSimulator, type Simulator } from '../../support/simulator/simulator.ts';
import { contextOf, someFile } from '../calling.ts';
import { startReceiver, type Receiver } from './receiver.ts';

let simulator: Simulator;
let receiver: Receiver;
let adapters: ReadonlyMap<string, ProviderAdapter>;

beforeAll(async () => {
  simulator = await startSimulator({ keepBodies: true });
  receiver = await startReceiver();
  const settings: Readonly<Record<string, string>> = {
    REPLICATE_API_TOKEN: 'key-of-replicate',
    REPLICATE_BASE_URL: `${simulator.url}/replicate/v1`,
    REPLICATE_WEBHOOK_SECRET: simulatedWebhookSecret,
    FAL_KEY: 'key-of-fal',
    FAL_BASE_URL: `${simulator.url}/fal`,
    FAL_JWKS_URL: `${simulator.url}${falJwksPath}`,
    DEEPGRAM_API_KEY: 'key-of-deepgram',
    DEEPGRAM_BASE_URL: `${simulator.url}/deepgram/v1`,
    ASSEMBLYAI_API_KEY: 'key-of-assemblyai',
    ASSEMBLYAI_BASE_URL: `${simulator.url}/assemblyai/v2`,
    ASSEMBLYAI_WEBHOOK_SECRET: 'a secret of the deployment',
  };
  ({ adapters } = makeRegistry((name) => settings[name], fetch));
});
beforeEach(() => simulator.reset());
afterAll(async () => {
  await receiver.close();
  await simulator.close();
});

const calls = {
  replicate: { kind: 'image', model: 'acme/fox', prompt: 'a red fox', count: 1 },
  fal: { kind: 'image', model: 'fal-ai/flux/dev', prompt: 'a red fox', count: 1 },
  deepgram: {
    kind: 'transcribe',
    execution: 'background',
    model: 'nova-3',
    audio: someFile('audio/mpeg'),
  },
  assemblyai: { kind: 'transcribe', model: 'universal-3-5-pro', audio: someFile('audio/mpeg') },
} as const satisfies Record<string, ModelCall>;

type Id = keyof typeof calls;
const ids: readonly Id[] = ['replicate', 'fal', 'deepgram', 'assemblyai'];

function adapterOf(id: Id): ProviderAdapter {
  const adapter = adapters.get(id);
  if (adapter === undefined) throw new Error(`${id} is not bound`);
  return adapter;
}

function context() {
  return contextOf({ callbackUrl: receiver.url, deadlineAtMs: Date.now() + 60_000 });
}

async function ticketOf(id: Id): Promise<Ticket> {
  const outcome = await adapterOf(id).submitJob(calls[id], context());
  if (outcome.kind !== 'pending') throw new Error(`expected a ticket: ${JSON.stringify(outcome)}`);
  return outcome.ticket;
}

function told(id: Id, { body }: CallbackRequest) {
  const said = JSON.parse(new TextDecoder().decode(body)) as Json;
  return adapterOf(id).callbacks?.read(said, calls[id]);
}

/** What the callback says, or what is said when it only is a reason to ask. */
async function endOf(id: Id, ticket: Ticket, request: CallbackRequest) {
  const said = told(id, request);
  if (said?.kind !== 'ask') return said;
  return adapterOf(id).getJobStatus?.(ticket, calls[id], context());
}

async function askToTheEnd(id: Id, ticket: Ticket): Promise<readonly CallOutcome[]> {
  const outcomes: CallOutcome[] = [];
  while (outcomes.length < 10) {
    const outcome = await adapterOf(id).getJobStatus?.(ticket, calls[id], context());
    if (outcome === undefined) break;
    outcomes.push(outcome);
    if (outcome.kind !== 'pending') break;
  }
  return outcomes;
}

describe.each(ids)('%s', (id) => {
  test('reports the end to the callback, in a way that proves who it is', async () => {
    simulator.script({ reply: { callback_ms: 1 } });
    const ticket = await ticketOf(id);
    const request = await receiver.next();
    expect(await adapterOf(id).callbacks?.verify(request)).toEqual({ kind: 'genuine' });
    expect(await endOf(id, ticket, request)).toMatchObject({
      kind: 'done',
      reply: { result: { kind: calls[id].kind } },
    });
    expect(simulator.stats().paid).toBe(1);
  });

  test('reports a failure, which was accepted', async () => {
    simulator.script({
      fault: { fails_later: true, message: 'it broke' },
      reply: { callback_ms: 1 },
    });
    const ticket = await ticketOf(id);
    expect(await endOf(id, ticket, await receiver.next())).toMatchObject({
      kind: 'failed',
      failure: { phase: 'accepted', detail: { message: expect.stringContaining('it broke') } },
    });
  });

  test('refuses a wrong key without repeating it', async () => {
    const strict = await startSimulator({ key: 'the right one' });
    const base = { replicate: 'v1', fal: '', deepgram: 'v1', assemblyai: 'v2' }[id];
    const settings: Readonly<Record<string, string>> = {
      [id === 'fal'
        ? 'FAL_KEY'
        : id === 'replicate'
          ? 'REPLICATE_API_TOKEN'
          : `${id.toUpperCase()}_API_KEY`]: 'wrong-key-0123456789',
      [`${id.toUpperCase()}_BASE_URL`]: `${strict.url}/${id}/${base}`,
    };
    const adapter = makeRegistry((name) => settings[name], fetch).adapters.get(id);
    const outcome = await adapter?.submitJob(calls[id], context());
    expect(outcome).toMatchObject({
      kind: 'failed',
      failure: { class: 'auth', phase: 'rejected' },
    });
    expect(JSON.stringify(outcome)).not.toContain('wrong-key');
    await strict.close();
  });
});

describe.each(['replicate', 'fal', 'assemblyai'] as const)('%s without a callback', (id) => {
  test('is asked until it has ended', async () => {
    simulator.script({ reply: { polls: 2 } });
    const outcomes = await askToTheEnd(id, await ticketOf(id));
    expect(outcomes.map(({ kind }) => kind)).toEqual(['pending', 'pending', 'done']);
  });

  test('is asked again when an answer is lost', async () => {
    const ticket = await ticketOf(id);
    simulator.script({ times: 1, fault: { drop: 'before_headers' } });
    const [first, ...others] = await askToTheEnd(id, ticket);
    expect(first).toMatchObject({ kind: 'pending', ticket });
    expect(others.at(-1)?.kind).toBe('done');
  });
});

test.each(['replicate', 'fal'] as const)(
  '%s: work that is cancelled does not end well',
  async (id) => {
    const ticket = await ticketOf(id);
    await adapterOf(id).cancelJob?.(ticket, calls[id], context());
    expect((await askToTheEnd(id, ticket)).at(-1)).toMatchObject({ kind: 'failed' });
  },
);

test.each(['replicate', 'assemblyai'] as const)(
  '%s: a submit whose answer is lost is found',
  async (id) => {
    const path =
      id === 'replicate'
        ? '/replicate/v1/models/acme/fox/predictions'
        : '/assemblyai/v2/transcript';
    simulator.script({ match: { path }, times: 1, fault: { drop: 'after_request' } });
    const startedAtMs = Date.now();
    expect(await adapterOf(id).submitJob(calls[id], context())).toMatchObject({
      kind: 'failed',
      failure: { class: 'network', phase: 'unknown' },
    });
    const lost = { call: calls[id], idempotencyKey: 'a', callbackUrl: receiver.url, startedAtMs };
    const found = await adapterOf(id).findJob?.(lost, context());
    expect(found?.kind).toBe('found');
    const ticket = found?.kind === 'found' ? found.ticket : { providerJobId: '', data: null };
    expect((await askToTheEnd(id, ticket)).at(-1)?.kind).toBe('done');
    expect(simulator.stats().paid).toBe(1);
  },
);

test('replicate: a submit that never arrived is absent', async () => {
  simulator.script({ times: 1, fault: { drop: 'before_headers' } });
  const startedAtMs = Date.now();
  const call = calls.replicate;
  expect(await adapterOf('replicate').submitJob(call, context())).toMatchObject({
    failure: { class: 'network', phase: 'unknown' },
  });
  const lost = { call, idempotencyKey: 'a', callbackUrl: receiver.url, startedAtMs };
  expect(await adapterOf('replicate').findJob?.(lost, context())).toEqual({ kind: 'absent' });
});

test('deepgram answers at once where nobody has to be called back', async () => {
  simulator.script({ reply: { text: 'One two three.' } });
  const call: ModelCall = {
    ...calls.deepgram,
    execution: 'sync',
    timestamps: 'word',
    diarize: true,
  };
  expect(await adapterOf('deepgram').submitJob(call, context())).toMatchObject({
    kind: 'done',
    reply: {
      result: { text: 'One two three.', words: [{ word: 'One', speaker: '0' }, {}, {}] },
      usage: { audioMs: 3_000 },
      returnedModel: 'nova-3',
    },
  });
});

test('a callback that is not taken comes again', async () => {
  const busy = await startReceiver(1);
  simulator.script({ reply: { callback_ms: 1 } });
  const call = calls.replicate;
  await adapterOf('replicate').submitJob(call, contextOf({ callbackUrl: busy.url }));
  expect(told('replicate', await busy.next())).toMatchObject({ kind: 'done' });
  await busy.close();
});
