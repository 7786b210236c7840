import { describe, expect, test } from 'vitest';

import type { ChatCall, ModelCall } from '../../../../src/domain/model/model-call.ts';
import type { ProjectPrice } from '../../../../src/domain/model/price.ts';
import {
  forecastCall,
  type ForecastFor,
} from '../../../../src/services/explain/costs/call-cost.ts';

const price: ProjectPrice = {
  id: 'prc_1',
  provider: 'p',
  model: '*',
  execution: 'standard',
  prices: {
    million_input_tokens: '1',
    million_output_tokens: '10',
    million_reasoning_tokens: '20',
  },
  effectiveFromMs: 0,
  effectiveToMs: null,
  createdAtMs: 0,
  createdBy: 'root',
};

const about: ForecastFor = {
  provider: 'p',
  local: false,
  known: null,
  projectPrices: [price],
  mayReAsk: false,
  nowMs: 1,
};

function asks(maxOutputTokens?: number): ChatCall {
  return {
    kind: 'chat',
    model: 'm',
    messages: [{ role: 'user', content: 'Hello' }],
    parameters: maxOutputTokens === undefined ? {} : { maxOutputTokens },
    output: { kind: 'text' },
  };
}

describe('the forecast of a call', () => {
  test('has the longest answer in it, and at most that it is all thought', () => {
    const { inputTokens, ...costs } = forecastCall(asks(100), about);
    expect(costs).toMatchObject({
      outputTokensMax: 100,
      estimatedNanoUsd: inputTokens.estimated * 1_000 + 100 * 10_000,
      atMostNanoUsd: inputTokens.atMost * 1_000 + 100 * 20_000,
      priceVersion: 'project/prc_1',
      unknown: null,
    });
  });

  test('is unknown where nothing bounds the answer, and says what to do', () => {
    expect(forecastCall(asks(), about)).toMatchObject({
      estimatedNanoUsd: null,
      atMostNanoUsd: null,
      unknown: expect.stringMatching(/max_output_tokens/) as unknown,
    });
    const known = { contextTokens: 1_000 };
    const bounded = forecastCall(asks(), { ...about, known });
    expect(bounded.estimatedNanoUsd).toBeNull();
    expect(bounded.atMostNanoUsd).toBeGreaterThan(0);
    const limited = forecastCall(asks(), { ...about, known: { ...known, outputTokensMax: 50 } });
    expect(limited.outputTokensMax).toBe(50);
    expect(limited.estimatedNanoUsd).toBeGreaterThan(0);
  });

  test('is never a part: no price, prices that cannot be read, files, options', () => {
    const unpriced = forecastCall(asks(10), { ...about, projectPrices: [] });
    expect(unpriced).toMatchObject({ estimatedNanoUsd: null, atMostNanoUsd: null });
    const unread = forecastCall(asks(10), { ...about, projectPrices: null });
    expect(unread).toMatchObject({ estimatedNanoUsd: null, atMostNanoUsd: null });
    const optioned = forecastCall({ ...asks(10), options: { user: 'x' } }, about);
    expect(optioned.estimatedNanoUsd).toBeGreaterThan(0);
    expect(optioned).toMatchObject({
      atMostNanoUsd: null,
      unknown: expect.stringMatching(/options/) as unknown,
    });
    const media = {
      file: 'file_1' as never,
      mimeType: 'audio/wav',
      bytes: 1,
      sha256: '',
      name: null,
    };
    const heard: ModelCall = { kind: 'transcribe', model: 'm', audio: media };
    expect(forecastCall(heard, about)).toMatchObject({
      estimatedNanoUsd: null,
      unknown: expect.stringMatching(/file/) as unknown,
    });
  });

  test('leaves room for the question that is asked again', () => {
    const once = forecastCall(asks(100), about).atMostNanoUsd ?? 0;
    const again = forecastCall(asks(100), { ...about, mayReAsk: true }).atMostNanoUsd ?? 0;
    expect(again).toBeGreaterThanOrEqual(once + 200 * 1_000);
  });

  test('of a model inside the Worker is nothing', () => {
    expect(forecastCall(asks(), { ...about, local: true })).toMatchObject({
      estimatedNanoUsd: 0,
      atMostNanoUsd: 0,
      unknown: null,
    });
  });
});
