import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { ChatCall } from '../../../src/domain/model/model-call.ts';
import { startSimulator, type Simulator } from '../../support/simulator/simulator.ts';
import { contextOf } from '../calling.ts';
import { adapterAt, apiKey, baseAt, type Base } from './base.ts';
import { callOf, replyIn, saidBy } from './question.ts';

let simulator: Simulator;
let base: Base;
beforeAll(async () => {
  simulator = await startSimulator({ keepBodies: true });
  base = { url: simulator.url, mock: 'simulator' };
});
afterAll(() => simulator.close());

const question = {
  system: 'You are brief.',
  prompt: 'Say hello to Ada Lovelace, please.',
  maxTokens: 1_000,
  temperature: 0.5,
};
const call: ChatCall = { ...callOf(question), model: 'claude-haiku-4-5', execution: 'batch' };

test('Anthropic: a batch of ours is what the SDK sees, and its result is read alike', async () => {
  const ours = adapterAt(base, 'anthropic');
  const { batches } = new Anthropic({
    baseURL: baseAt(base, 'anthropic'),
    apiKey,
    maxRetries: 0,
    // Results are fetched from the address that the batch names.
    fetch: (asked, init) => {
      const url = asked instanceof Request ? asked.url : asked.toString();
      return fetch(url.replace('https://api.anthropic.com', baseAt(base, 'anthropic')), init);
    },
  }).messages;
  let outcome = await ours.submitJob(call, contextOf());
  if (outcome.kind !== 'pending') throw new Error(`expected a ticket, got ${outcome.kind}`);
  const { ticket } = outcome;
  const { data } = await batches.list();
  expect(data).toMatchObject([{ processing_status: 'in_progress' }]);
  const [{ id } = { id: '' }] = data;
  expect(JSON.stringify(ticket)).toContain(id);
  for (let asked = 0; outcome.kind === 'pending' && asked < 10; asked += 1) {
    const next = ours.getJobStatus?.(ticket, call, contextOf());
    // oxlint-disable-next-line no-await-in-loop -- each question moves the work on
    outcome = (await next) ?? outcome;
  }
  expect(await batches.retrieve(id)).toMatchObject({ processing_status: 'ended' });
  const results: object[] = [];
  for await (const result of await batches.results(id)) results.push(result);
  const said = saidBy(replyIn(outcome));
  const { input, output } = said.usage;
  expect(results).toMatchObject([
    {
      result: {
        type: 'succeeded',
        message: {
          content: [{ type: 'text', text: said.text }],
          stop_reason: 'end_turn',
          usage: { input_tokens: input, output_tokens: output },
        },
      },
    },
  ]);
});
