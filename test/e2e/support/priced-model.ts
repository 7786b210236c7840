import type { JsonObject } from '../../../src/domain/json.ts';
import type { Api } from './api.ts';
import { publish } from './jobs.ts';
import { chatPipeline } from './pipelines.ts';
import { addRules, newModel } from './simulator-client.ts';

/** A model whose calls all cost the same, by prices of the project. */

export const USAGE = { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 };
/** 1,000 × 2,000 + 100 × 8,000 nano-dollars, by the prices that `priced` sets. */
export const COST = 2_800_000;
/** As many bytes as tokens are said to be read, so that the estimate is an upper bound. */
export const LONG = 'x'.repeat(1_000);
/** Fits so many calls by what they cost, with room for the estimate of the last. */
export const usdFor = (calls: number): number => (calls * COST + 1_000_000) / 1e9;

export async function priced(
  api: Api,
  model: string,
  input = '2.00',
  output = '8.00',
): Promise<void> {
  const prices = { million_input_tokens: input, million_output_tokens: output };
  await api.send('PUT', '/v1/prices', { provider: 'openai', model, prices });
}

export function target(model: string): JsonObject {
  return { provider: 'openai', model, parameters: { max_output_tokens: 100 } };
}

export async function pricedPipeline(
  api: Api,
  step: JsonObject = {},
  delayMs = 0,
): Promise<string> {
  const model = newModel();
  const fault = delayMs === 0 ? {} : { latency_ms: delayMs };
  await addRules({ match: { model }, fault, reply: { text: 'Fine.', usage: USAGE } });
  await priced(api, model);
  await publish(api, chatPipeline(model, { route: { targets: [target(model)] }, ...step }));
  return model;
}
