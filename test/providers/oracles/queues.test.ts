import { createFalClient } from '@fal-ai/client';
import Replicate from 'replicate';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { ImageCall } from '../../../src/domain/model/model-call.ts';
import type { CallOutcome, Ticket } from '../../../src/providers/port.ts';
import { startSimulator, type Simulator } from '../../support/simulator/simulator.ts';
import { contextOf } from '../calling.ts';
import { adapterAt, apiKey, type Base } from './base.ts';
import { replyIn } from './question.ts';

let simulator: Simulator;
let base: Base;
beforeAll(async () => {
  simulator = await startSimulator({ keepBodies: true });
  base = { url: simulator.url, mock: 'simulator' };
});
beforeEach(() => simulator.reset());
afterAll(() => simulator.close());

const call: ImageCall = {
  kind: 'image',
  model: 'acme/painter',
  prompt: 'a gate at dawn',
  count: 2,
  seed: 7,
};

function imagesIn(outcome: CallOutcome | undefined): readonly string[] {
  const { result } = replyIn(outcome);
  if (result.kind !== 'image') throw new Error(`expected images, got ${result.kind}`);
  return result.images.map(({ media: { source } }) =>
    source.kind === 'base64' ? source.data : source.url,
  );
}

async function ticketFor(provider: string): Promise<Ticket> {
  const outcome = await adapterAt(base, provider).submitJob(call, contextOf());
  if (outcome.kind !== 'pending') throw new Error(`expected a ticket, got ${outcome.kind}`);
  return outcome.ticket;
}

async function ask(provider: string, ticket: Ticket): Promise<CallOutcome | undefined> {
  return adapterAt(base, provider).getJobStatus?.(ticket, call, contextOf());
}

async function askToTheEnd(provider: string, ticket: Ticket): Promise<CallOutcome | undefined> {
  let outcome = await ask(provider, ticket);
  for (let asked = 0; outcome?.kind === 'pending' && asked < 9; asked += 1) {
    // oxlint-disable-next-line no-await-in-loop -- each question moves the work on
    outcome = await ask(provider, ticket);
  }
  return outcome;
}

/** What a submit said, by the simulator's journal: the last one. */
function lastSubmit() {
  const entry = simulator.journal().findLast(({ method }) => method === 'POST');
  return { path: entry?.path, body: JSON.parse(entry?.body ?? 'null') as unknown };
}

function replicate(): Replicate {
  return new Replicate({
    auth: apiKey,
    baseUrl: `${base.url}/replicate/v1`,
    useFileOutput: false,
  });
}

/** The client knows one host only. */
function fal() {
  return createFalClient({
    credentials: apiKey,
    retry: { maxRetries: 0 },
    fetch: (input, init) => {
      const url = input instanceof Request ? input.url : input.toString();
      return fetch(url.replace('https://queue.fal.run', `${base.url}/fal`), init);
    },
  });
}

describe('Replicate', () => {
  const input = { prompt: call.prompt, num_outputs: 2, seed: 7 };

  test('a prediction is asked for alike, and its end is read alike', async () => {
    const ticket = await ticketFor('replicate');
    const ours = lastSubmit();
    const created = await replicate().predictions.create({ model: 'acme/painter', input });
    expect(lastSubmit()).toEqual(ours);
    const ended = await replicate().wait(created, { interval: 1 });
    expect(ended.status).toBe('succeeded');
    const images = imagesIn(await askToTheEnd('replicate', ticket));
    expect(images.map((data) => `data:image/png;base64,${data}`)).toEqual(ended.output);
  });

  test('our work is found and cancelled by the SDK, and twins are not mistaken for each other', async () => {
    const ticket = await ticketFor('replicate');
    const { results } = await replicate().predictions.list();
    expect(results.map(({ id }) => id)).toEqual([ticket.providerJobId]);
    await replicate().predictions.cancel(ticket.providerJobId);
    expect(await ask('replicate', ticket)).toMatchObject({ failure: { class: 'cancelled' } });
    const { id } = await replicate().predictions.create({ model: 'acme/painter', input });
    const lost = { call, idempotencyKey: 'a', callbackUrl: null, startedAtMs: Date.now() };
    const look = adapterAt(base, 'replicate');
    const found = await look.findJob?.(lost, contextOf());
    // Two predictions of the same input are there: it is not told which of them is ours.
    expect(found).toEqual({ kind: 'unknown' });
    const other = { ...lost, call: { ...call, seed: 8 } };
    expect(await look.findJob?.(other, contextOf())).toEqual({ kind: 'absent' });
    const theirs = await askToTheEnd('replicate', { providerJobId: id, data: null });
    expect(theirs).toMatchObject({
      kind: 'done',
    });
  });

  test('an end in failure is one for both', async () => {
    simulator.script({ fault: { fails_later: true, message: 'CUDA out of memory' } });
    const ticket = await ticketFor('replicate');
    const created = await replicate().predictions.create({ model: 'acme/painter', input });
    await expect(replicate().wait(created, { interval: 1 })).rejects.toThrow('CUDA out of memory');
    expect(await askToTheEnd('replicate', ticket)).toMatchObject({
      failure: {
        class: 'payload_too_large',
        phase: 'accepted',
        detail: { message: 'CUDA out of memory' },
      },
    });
  });
});

describe('fal', () => {
  const [endpoint, input] = ['acme/painter', { prompt: call.prompt, num_images: 2, seed: 7 }];

  test('work is asked for alike, and its end is read alike', async () => {
    const ticket = await ticketFor('fal');
    const ours = lastSubmit();
    const { request_id: requestId } = await fal().queue.submit(endpoint, { input });
    expect(lastSubmit()).toEqual(ours);
    const seen: string[] = [];
    while (seen.at(-1) !== 'COMPLETED') {
      // oxlint-disable-next-line no-await-in-loop -- each question moves the work on
      const { status } = await fal().queue.status(endpoint, { requestId });
      seen.push(status);
    }
    expect(seen).toEqual(['IN_QUEUE', 'IN_PROGRESS', 'COMPLETED']);
    const { data } = await fal().queue.result(endpoint, { requestId });
    const urls = (data as { images: { url: string }[] }).images.map(({ url }) => url);
    const images = imagesIn(await askToTheEnd('fal', ticket));
    expect(images.map((image) => `data:image/png;base64,${image}`)).toEqual(urls);
  });

  test('our work is seen, and cancelled, by the SDK', async () => {
    const ticket = await ticketFor('fal');
    const requestId = ticket.providerJobId;
    expect(await fal().queue.status(endpoint, { requestId })).toMatchObject({ status: 'IN_QUEUE' });
    await fal().queue.cancel(endpoint, { requestId });
    expect(await askToTheEnd('fal', ticket)).toMatchObject({ kind: 'failed' });
  });

  test('an end in failure is one for both', async () => {
    simulator.script({ reply: { polls: 0 }, fault: { fails_later: true, message: 'too dark' } });
    const ticket = await ticketFor('fal');
    const { request_id: requestId } = await fal().queue.submit(endpoint, { input });
    await fal().queue.status(endpoint, { requestId });
    await expect(fal().queue.result(endpoint, { requestId })).rejects.toMatchObject({
      status: 422,
    });
    expect(await askToTheEnd('fal', ticket)).toMatchObject({
      kind: 'failed',
      failure: { class: 'invalid_request', phase: 'accepted' },
    });
  });
});
