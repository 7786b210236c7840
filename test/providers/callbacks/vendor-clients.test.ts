/** The vendors' own clients as a second opinion: the same requests, the same signatures. */
import { createFalClient } from '@fal-ai/client';
import Replicate, { validateWebhook } from 'replicate';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';

import { verifyStandardWebhook } from '../../../src/providers/callbacks/standard-webhooks.ts';
import type { FetchLike } from '../../../src/providers/http/exchange.ts';
import { contextOf } from '../calling.ts';
import * as fal from '../fal/support.ts';
import * as replicate from '../replicate/support.ts';
import { nowMs, standardWebhook } from './signed.ts';

type Seen = { readonly method: string; readonly url: string; readonly body: unknown };

/** Answers everything with this JSON, and writes down what it was asked. */
function seeing(answer: unknown): {
  readonly fetch: typeof fetch & FetchLike;
  readonly seen: Seen[];
} {
  const seen: Seen[] = [];
  const seeingFetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const text = await request.text();
    const body: unknown = text === '' || text === '{}' ? null : JSON.parse(text);
    seen.push({ method: request.method.toUpperCase(), url: request.url, body });
    return Response.json(answer);
  };
  return { fetch: seeingFetch, seen };
}

describe("Replicate's client", () => {
  const call = replicate.imageCall({ count: 2, seed: 7, options: { input: { go_fast: true } } });
  const { callbackUrl, ticket } = replicate;

  test('creates, asks, lists and cancels by the same requests', async () => {
    const answer = replicate.prediction('processing', { results: [], next: null });
    const [theirs, ours] = [seeing(answer), seeing(answer)];
    const client = new Replicate({
      auth: replicate.apiToken,
      baseUrl: replicate.baseUrl,
      fetch: theirs.fetch,
    });
    await client.predictions.create({
      model: call.model,
      input: { go_fast: true, prompt: 'a red fox', num_outputs: 2, seed: 7 },
      webhook: callbackUrl,
      webhook_events_filter: ['completed'],
    });
    await client.predictions.get(ticket.providerJobId);
    await client.predictions.cancel(ticket.providerJobId);

    const adapter = replicate.makeAdapter(ours.fetch);
    await adapter.submitJob(call, contextOf({ callbackUrl }));
    await adapter.getJobStatus?.(ticket, call, contextOf());
    await adapter.cancelJob?.(ticket, call, contextOf());
    expect(ours.seen).toEqual(theirs.seen);
  });

  test('signs and checks webhooks as we do', async () => {
    const body = JSON.stringify(replicate.prediction('succeeded'));
    const secret = replicate.webhookSecret;
    const mine = standardWebhook(body, [secret]);
    const id = mine.headers['webhook-id'] ?? '';
    const signature = new Webhook(secret).sign(id, new Date(nowMs), body);
    expect(signature).toBe(mine.headers['webhook-signature']);
    const theirs = { ...mine, headers: { ...mine.headers, 'webhook-signature': signature } };
    expect(await verifyStandardWebhook(theirs, secret)).toEqual({ kind: 'genuine' });
    const timestamp = mine.headers['webhook-timestamp'] ?? '';
    expect(await validateWebhook({ id, timestamp, body, signature, secret })).toBe(true);
  });
});

describe("fal's client", () => {
  test.each(['fal-ai/flux/dev', 'fal-ai/whisper', 'workflows/acme/thumbnails'])(
    'queues, asks, fetches and cancels by the same requests: %s',
    async (model) => {
      const call = fal.imageCall({ model, seed: 7 });
      const answer = { ...fal.queued, status: 'COMPLETED', ...fal.imageResult };
      const [theirs, ours] = [seeing(answer), seeing(answer)];
      const client = createFalClient({ credentials: fal.falKey, fetch: theirs.fetch });
      const requestId = fal.ticket.providerJobId;
      await client.queue.submit(model, {
        input: { prompt: 'a red fox', seed: 7 },
        webhookUrl: fal.callbackUrl,
      });
      await client.queue.status(model, { requestId });
      await client.queue.result(model, { requestId });
      await client.queue.cancel(model, { requestId });

      const adapter = fal.makeAdapter(ours.fetch);
      await adapter.submitJob(call, contextOf({ callbackUrl: fal.callbackUrl }));
      await adapter.getJobStatus?.(fal.ticket, call, contextOf());
      await adapter.cancelJob?.(fal.ticket, call, contextOf());
      const placed = theirs.seen.map(({ url, ...rest }) => ({
        ...rest,
        url: url.replace('https://queue.fal.run', fal.baseUrl).replace('?logs=0', ''),
      }));
      expect(ours.seen).toEqual(placed);
    },
  );
});
