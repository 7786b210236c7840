import { describe, expect, test } from 'vitest';

import type { JsonObject } from '../../../src/domain/json.ts';
import type { OpenAiCompatibleProfile } from '../../../src/providers/openai-compatible/profile.ts';
import { openAiCompatibleProfiles } from '../../../src/providers/openai-compatible/profiles.ts';
import { isStrictSchema } from '../../../src/providers/openai-compatible/chat/strict-schema.ts';
import { chatCall, contextWith, embedCall, jsonOutput, makeAdapter } from './support.ts';

const { openai, groq, together, openrouter } = openAiCompatibleProfiles;
const everyParameter = {
  temperature: 0.2,
  topP: 0.9,
  maxOutputTokens: 300,
  seed: 7,
  stop: ['END'],
  reasoningEffort: 'low',
} as const;

function bodyFor(profile: OpenAiCompatibleProfile, call = chatCall()) {
  return makeAdapter({ profile }).transformInput(call).body;
}

describe('the request for a chat', () => {
  test('a bare call', () => {
    expect(makeAdapter().transformInput(chatCall())).toEqual({
      method: 'POST',
      path: '/chat/completions',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: {
        model: 'gpt-4.1-mini',
        messages: [{ role: 'user', content: 'Say hello to Ada.' }],
        stream: true,
        stream_options: { include_usage: true },
      },
    });
  });

  test('every parameter under its own name', () => {
    const call = chatCall({ parameters: everyParameter });
    expect(bodyFor(openai, call)).toEqual({
      model: 'gpt-4.1-mini',
      messages: [{ role: 'user', content: 'Say hello to Ada.' }],
      max_completion_tokens: 300,
      temperature: 0.2,
      top_p: 0.9,
      seed: 7,
      stop: ['END'],
      reasoning_effort: 'low',
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  test('a schema is asked for by name, strictly where the schema allows it', () => {
    expect(bodyFor(openai, chatCall({ output: jsonOutput }))).toMatchObject({
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'output', strict: true, schema: { required: ['name'] } },
      },
    });
    const loose: JsonObject = { type: 'object', properties: { name: { type: 'string' } } };
    expect(bodyFor(openai, chatCall({ output: { kind: 'json', schema: loose } }))).toMatchObject({
      response_format: { json_schema: { strict: false, schema: loose } },
    });
  });

  test('servers that know only the older limit get that', () => {
    const body = bodyFor(together, chatCall({ parameters: { maxOutputTokens: 300 } }));
    expect(body).toMatchObject({ max_tokens: 300 });
    expect(body).not.toHaveProperty('max_completion_tokens');
  });

  test('OpenRouter wants the effort inside an object', () => {
    const body = bodyFor(openrouter, chatCall({ parameters: { reasoningEffort: 'high' } }));
    expect(body).toMatchObject({ reasoning: { effort: 'high' } });
    expect(body).not.toHaveProperty('reasoning_effort');
  });

  test('a server that cannot stream JSON is asked for it in one piece', () => {
    const body = bodyFor(groq, chatCall({ output: jsonOutput }));
    expect(body).not.toHaveProperty('stream');
    expect(body).not.toHaveProperty('stream_options');
    expect(bodyFor(groq)).toMatchObject({ stream: true });
  });

  test('a server that does not know stream_options does not get them', () => {
    const body = bodyFor({ ...openai, usageInStream: false });
    expect(body).toMatchObject({ stream: true });
    expect(body).not.toHaveProperty('stream_options');
  });

  test('without a field for schemas, the schema goes into a system message', () => {
    const call = chatCall({ output: jsonOutput });
    const withMode = bodyFor({ ...openai, jsonOutput: 'json_object' }, call);
    const schemaMessage = {
      role: 'system',
      content: expect.stringContaining('"required":["name"]') as string,
    };
    expect(withMode).toMatchObject({
      messages: [schemaMessage, { role: 'user' }],
      response_format: { type: 'json_object' },
    });
    const prompted = bodyFor({ ...openai, jsonOutput: 'prompt' }, call);
    expect(prompted).toMatchObject({ messages: [schemaMessage, { role: 'user' }] });
    expect(prompted).not.toHaveProperty('response_format');
  });
});

describe('the request for embeddings', () => {
  test('asks for plain numbers', () => {
    expect(makeAdapter().transformInput(embedCall())).toMatchObject({
      path: '/embeddings',
      body: { model: 'text-embedding-3-small', input: ['one', 'two'], encoding_format: 'float' },
    });
  });

  test('asks for a number of dimensions where one is wanted', () => {
    const { body } = makeAdapter().transformInput(embedCall({ dimensions: 256 }));
    expect(body).toEqual({
      model: 'text-embedding-3-small',
      input: ['one', 'two'],
      dimensions: 256,
      encoding_format: 'float',
    });
  });
});

describe('what is refused before it is sent', () => {
  test('a kind of call that the API does not have', async () => {
    const outcome = await makeAdapter().submitJob(
      { kind: 'rerank', model: 'm', query: 'q', documents: ['d'], topN: 1 },
      contextWith(),
    );
    expect(outcome).toMatchObject({
      kind: 'failed',
      failure: { class: 'invalid_request', phase: 'not_sent', code: 'unsupported_kind' },
    });
  });

  test('a parameter that the server lacks, by name', async () => {
    const profile: OpenAiCompatibleProfile = { ...openai, unsupported: ['seed', 'topP'] };
    const call = chatCall({ parameters: { seed: 1, temperature: 0 } });
    const outcome = await makeAdapter({ profile }).submitJob(call, contextWith());
    expect(outcome).toMatchObject({
      kind: 'failed',
      failure: {
        class: 'unsupported_parameter',
        phase: 'not_sent',
        detail: { parameters: ['seed'] },
      },
    });
  });

  test.each([
    ['cancel', 'cancelled'],
    ['deadline', 'timeout'],
  ])('a call that was already over by %s', async (reason, failureClass) => {
    const context = contextWith({ signal: AbortSignal.abort(reason) });
    const outcome = await makeAdapter().submitJob(chatCall(), context);
    expect(outcome).toMatchObject({
      kind: 'failed',
      failure: { class: failureClass, phase: 'not_sent' },
    });
  });
});

describe('a schema that can be enforced', () => {
  const closed = { type: 'object', additionalProperties: false } as const;
  test.each<[string, boolean, JsonObject]>([
    ['closed, everything required', true, { ...closed, properties: { a: {} }, required: ['a'] }],
    ['an optional property', false, { ...closed, properties: { a: {} }, required: [] }],
    ['open to other properties', false, { type: 'object', properties: {}, required: [] }],
    ['an array at the root', false, { type: 'array', items: { type: 'string' } }],
    ['a choice at the root', false, { ...closed, anyOf: [{ ...closed }] }],
    [
      'a keyword that is not supported',
      false,
      { ...closed, properties: { a: { type: 'string', minLength: 1 } }, required: ['a'] },
    ],
    [
      'an open object inside an array',
      false,
      {
        ...closed,
        properties: { a: { type: 'array', items: { type: 'object' } } },
        required: ['a'],
      },
    ],
    [
      'definitions, choices and bounds',
      true,
      {
        ...closed,
        $defs: { n: { type: ['integer', 'null'], minimum: 1 } },
        properties: { a: { anyOf: [{ $ref: '#/$defs/n' }, { type: 'string' }] } },
        required: ['a'],
      },
    ],
  ])('%s: %s', (_name, expected, schema) => {
    expect(isStrictSchema(schema)).toBe(expected);
  });
});
