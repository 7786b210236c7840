import { describe, expect, test } from 'vitest';

import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import { makeRegistry } from '../../../src/providers/registry.ts';
import { capturing } from '../captured.ts';
import { contextOf } from '../calling.ts';
import { chatCall, embedCall, jsonOutput, makeAdapter } from './support.ts';
import { reply } from '../calling.ts';
import { openAiCompatibleProfiles } from '../../../src/providers/openai-compatible/profiles.ts';

const key = 'key-0123456789abcdef';

/** What leaves for a provider that is bound by these settings. */
async function sentBy(id: string, settings: Readonly<Record<string, string>>, call?: ModelCall) {
  const { fetch, sent } = capturing({});
  const adapter = makeRegistry((name) => settings[name], fetch).adapters.get(id);
  await adapter?.submitJob(call ?? chatCall({ model: 'm-1' }), contextOf());
  return sent[0];
}

describe('a provider that is bound by its settings', () => {
  test.each([
    ['openai', { OPENAI_API_KEY: key }, 'https://api.openai.com/v1'],
    ['groq', { GROQ_API_KEY: key }, 'https://api.groq.com/openai/v1'],
    ['together', { TOGETHER_API_KEY: key }, 'https://api.together.xyz/v1'],
    ['openrouter', { OPENROUTER_API_KEY: key }, 'https://openrouter.ai/api/v1'],
    ['mistral', { MISTRAL_API_KEY: ` ${key}\n` }, 'https://api.mistral.ai/v1'],
    ['vllm', { VLLM_BASE_URL: 'http://gpu:8000/v1/', VLLM_API_KEY: key }, 'http://gpu:8000/v1'],
    [
      'llamacpp',
      { LLAMACPP_BASE_URL: 'http://gpu:8080/v1', LLAMACPP_API_KEY: key },
      'http://gpu:8080/v1',
    ],
  ])('%s is called at its place with its key', async (id, settings, baseUrl) => {
    expect(await sentBy(id, settings)).toMatchObject({
      url: `${baseUrl}/chat/completions`,
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'idempotency-key': 'att_1' },
      body: { model: 'm-1' },
    });
  });

  test.each([
    ['ollama', { OLLAMA_BASE_URL: 'http://localhost:11434/v1' }],
    ['lmstudio', { LMSTUDIO_BASE_URL: 'http://localhost:1234/v1' }],
  ])('%s wants no key and gets none', async (id, settings) => {
    const sent = await sentBy(id, settings);
    expect(sent?.url).toMatch(/^http:\/\/localhost:\d+\/v1\/chat\/completions$/);
    expect(sent?.headers).not.toHaveProperty('authorization');
  });

  test.each([
    ['mistral', {}, 'MISTRAL_API_KEY'],
    ['llamacpp', { LLAMACPP_API_KEY: key }, 'LLAMACPP_BASE_URL'],
    ['azure-openai', { AZURE_OPENAI_API_KEY: key }, 'AZURE_OPENAI_BASE_URL'],
    ['azure-openai', { AZURE_OPENAI_BASE_URL: 'https://x.example' }, 'AZURE_OPENAI_API_KEY'],
    [
      'cloudflare-ai-gateway',
      { CLOUDFLARE_AI_GATEWAY_TOKEN: key },
      'CLOUDFLARE_AI_GATEWAY_BASE_URL',
    ],
  ])('%s with %j lacks %s', (id, settings: Readonly<Record<string, string>>, lacking) => {
    const { adapters, missing } = makeRegistry((name) => settings[name], fetch);
    expect(adapters.has(id)).toBe(false);
    expect(missing.get(id)).toBe(`set ${lacking}`);
  });
});

describe('Azure OpenAI', () => {
  const base = { AZURE_OPENAI_API_KEY: key };
  const host = 'https://x.openai.azure.example/openai';
  const versioned = { ...base, AZURE_OPENAI_API_VERSION: '2025-04-01-preview' };

  test.each([
    [
      'by its newer interface',
      { ...base, AZURE_OPENAI_BASE_URL: `${host}/v1/` },
      `${host}/v1/chat/completions`,
    ],
    [
      'by its newer interface with a version',
      { ...versioned, AZURE_OPENAI_BASE_URL: `${host}/v1` },
      `${host}/v1/chat/completions?api-version=2025-04-01-preview`,
    ],
    [
      'by its older interface, with the deployment in the path',
      { ...versioned, AZURE_OPENAI_BASE_URL: host },
      `${host}/deployments/my%20gpt/chat/completions?api-version=2025-04-01-preview`,
    ],
  ])('is called %s', async (_name, settings, url) => {
    const sent = await sentBy('azure-openai', settings, chatCall({ model: 'my gpt' }));
    expect(sent).toMatchObject({ url, headers: { 'api-key': key }, body: { model: 'my gpt' } });
    expect(sent?.headers).not.toHaveProperty('authorization');
  });
});

describe("Cloudflare's AI Gateway", () => {
  const base = { CLOUDFLARE_AI_GATEWAY_BASE_URL: 'https://gateway.example/v1/a/g/compat' };

  test('neither repeats nor caches, and takes a token, a key or both', async () => {
    const none = await sentBy('cloudflare-ai-gateway', base);
    expect(none).toMatchObject({
      url: 'https://gateway.example/v1/a/g/compat/chat/completions',
      headers: { 'cf-aig-max-attempts': '1', 'cf-aig-skip-cache': 'true' },
    });
    expect(none?.headers).not.toHaveProperty('authorization');
    expect(none?.headers).not.toHaveProperty('cf-aig-authorization');
    const settings = {
      ...base,
      CLOUDFLARE_AI_GATEWAY_TOKEN: 'token-0123456789',
      CLOUDFLARE_AI_GATEWAY_API_KEY: key,
    };
    expect(await sentBy('cloudflare-ai-gateway', settings)).toMatchObject({
      headers: {
        'cf-aig-authorization': 'Bearer token-0123456789',
        authorization: `Bearer ${key}`,
      },
    });
  });
});

describe('what is different with one server', () => {
  const { openrouter, mistral, ollama } = openAiCompatibleProfiles;

  test('Mistral has names of its own', () => {
    const adapter = makeAdapter({ profile: mistral });
    const call = chatCall({ parameters: { seed: 7, maxOutputTokens: 10 }, output: jsonOutput });
    const { body } = adapter.transformInput(call);
    expect(body).toMatchObject({ random_seed: 7, max_tokens: 10, stream: true });
    expect(body).not.toHaveProperty('stream_options');
    expect(adapter.transformInput(embedCall({ dimensions: 64 })).body).toMatchObject({
      output_dimension: 64,
    });
    const thinking = chatCall({ parameters: { reasoningEffort: 'low' } });
    expect(adapter.unsupported?.(thinking)).toEqual(['reasoningEffort']);
  });

  test('Ollama cannot be made to choose a tool', () => {
    const tools = [{ name: 'now', parameters: { type: 'object' } }];
    const call = chatCall({ tools, toolChoice: 'required' });
    expect(makeAdapter({ profile: ollama }).unsupported?.(call)).toEqual(['toolChoice']);
  });

  test.each<[string, object, number | undefined]>([
    ['a cost', { cost: 0.001234567 }, 1_234_567],
    ['no cost', {}, undefined],
    ['a cost of nothing', { cost: 0 }, 0],
    ['a cost in words', { cost: 'free' }, undefined],
    ['a negative cost', { cost: -1 }, undefined],
    [
      'a fee beside the cost at the provider behind it',
      { cost: 0.0001, is_byok: true, cost_details: { upstream_inference_cost: 0.002 } },
      2_100_000,
    ],
    ['a fee beside an unknown cost', { cost: 0.0001, is_byok: true }, undefined],
  ])('OpenRouter reports %s', (_name, more, expected) => {
    const adapter = makeAdapter({ profile: openrouter });
    const outcome = adapter.normalizeOutput(
      reply(200, {
        choices: [{ message: { content: 'Hi' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 1, completion_tokens: 1, ...more },
      }),
      chatCall(),
    );
    const reported = outcome.kind === 'done' ? outcome.reply.reportedCostNanoUsd : 'failed';
    expect(reported).toBe(expected);
  });
});
