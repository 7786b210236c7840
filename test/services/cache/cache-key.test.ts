import { createHash } from 'node:crypto';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { projectId } from '../../../src/domain/ids.ts';
import type { Json, JsonObject } from '../../../src/domain/json.ts';
import type { MediaRef } from '../../../src/domain/model/media.ts';
import type { ChatCall, ModelCall } from '../../../src/domain/model/model-call.ts';
import { cacheKeyOf, type CachedCall } from '../../../src/services/cache/cache-key.ts';
import { fileId } from '../../steps/model/support.ts';

const machine = { sha256: async (text: string) => createHash('sha256').update(text).digest('hex') };

function keyOf(about: CachedCall) {
  return cacheKeyOf(machine, about);
}

const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>;
const object = fc.dictionary(fc.string(), json, { noNullPrototype: true });
const text = fc.string({ maxLength: 20 });

const media: fc.Arbitrary<MediaRef> = fc.record({
  file: fc.constantFrom(fileId('1'), fileId('2')),
  mimeType: fc.constantFrom('image/png', 'image/webp'),
  bytes: fc.nat(),
  sha256: fc.stringMatching(/^[0-9a-f]{8}$/),
  name: fc.option(text),
});

const chat: fc.Arbitrary<ChatCall> = fc
  .record(
    {
      model: text,
      messages: fc.array(
        fc.record({
          role: fc.constantFrom('system' as const, 'user' as const, 'assistant' as const),
          content: fc.oneof(
            text,
            fc.array(
              fc.oneof(
                fc.record({ type: fc.constant('text' as const), text }),
                fc.record({ type: fc.constant('image' as const), media }),
              ),
              { maxLength: 2 },
            ),
          ),
        }),
        { maxLength: 3 },
      ),
      parameters: fc.record({
        temperature: fc.double({ min: 0, max: 2, noNaN: true }),
        seed: fc.integer(),
      }),
      output: fc.oneof(
        fc.constant({ kind: 'text' as const }),
        fc.record({ kind: fc.constant('json' as const), schema: object }),
      ),
      options: object,
    },
    { requiredKeys: ['model', 'messages', 'parameters', 'output'] },
  )
  .map((call): ChatCall => ({ ...call, kind: 'chat' }));

const embed: fc.Arbitrary<ModelCall> = fc.record({
  kind: fc.constant('embed' as const),
  model: text,
  texts: fc.array(text, { maxLength: 3 }),
});

const cached: fc.Arbitrary<CachedCall> = fc.record({
  project: fc.constantFrom(projectId('prj_a'), projectId('prj_b'), projectId('prj_ab')),
  uses: fc.constantFrom('model.chat' as const, 'model.embed' as const),
  provider: fc.constantFrom('openai', 'groq', 'open'),
  adapterVersion: fc.nat({ max: 3 }),
  call: fc.oneof<fc.Arbitrary<ModelCall>[]>(chat, embed),
  schema: fc.option(object),
});

/** The same value with the fields of every object in the other order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, reversed(inner)] as const);
  return Object.fromEntries(entries.toReversed());
}

/** What has to be the same for two calls to be the same: an oracle that knows nothing of canonical texts. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value === 0 ? 0 : value;
  const isPart = 'type' in value && value.type === 'image' && 'media' in value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => [
        key,
        comparable(isPart && key === 'media' ? { ...(inner as MediaRef), file: undefined } : inner),
      ]),
  );
}

function areEqual(left: unknown, right: unknown): boolean {
  try {
    expect(comparable(left)).toEqual(comparable(right));
    return true;
  } catch {
    return false;
  }
}

const hearing = (ref: Partial<MediaRef>, options: JsonObject = {}): CachedCall => ({
  project: projectId('prj_a'),
  uses: 'model.transcribe',
  provider: 'openai',
  adapterVersion: 1,
  schema: null,
  call: {
    kind: 'transcribe',
    model: 'm',
    options,
    audio: {
      file: fileId('1'),
      mimeType: 'audio/wav',
      bytes: 4,
      sha256: 'ab',
      name: null,
      ...ref,
    },
  },
});

describe('the key of a cached call', () => {
  test('is never the same in two projects', async () => {
    await fc.assert(
      fc.asyncProperty(cached, async (about) => {
        const keys = ['prj_a', 'prj_b', 'prj_ab', `prj_${about.provider}`].map((project) =>
          keyOf({ ...about, project: projectId(project) }),
        );
        expect(new Set(await Promise.all(keys)).size).toBe(4);
      }),
    );
  });

  test('does not depend on the order of fields', async () => {
    await fc.assert(
      fc.asyncProperty(cached, async (about) => {
        expect(await keyOf(reversed(about) as CachedCall)).toBe(await keyOf(about));
      }),
    );
  });

  test('is the same for two calls exactly when they are', async () => {
    await fc.assert(
      fc.asyncProperty(cached, cached, async (left, right) => {
        const same = (await keyOf(left)) === (await keyOf(right));
        expect(same).toBe(areEqual(left, right));
      }),
      { numRuns: 300 },
    );
  });

  test('changes with every part of what decides the answer', async () => {
    const call: ChatCall = {
      kind: 'chat',
      model: 'm',
      messages: [{ role: 'user', content: 'Hi' }],
      parameters: { temperature: 0 },
      output: { kind: 'text' },
    };
    const about: CachedCall = {
      project: projectId('prj_a'),
      uses: 'model.chat',
      provider: 'openai',
      adapterVersion: 1,
      call,
      schema: null,
    };
    const others: CachedCall[] = [
      { ...about, provider: 'groq' },
      { ...about, adapterVersion: 2 },
      { ...about, uses: 'model.classify' },
      { ...about, schema: {} },
      { ...about, call: { ...call, model: 'n' } },
      { ...about, call: { ...call, execution: 'batch' } },
      { ...about, call: { ...call, options: { tier: 'flex' } } },
      { ...about, call: { ...call, parameters: { temperature: 1 } } },
      { ...about, call: { ...call, parameters: {} } },
      { ...about, call: { ...call, messages: [{ role: 'system', content: 'Hi' }] } },
      { ...about, call: { ...call, messages: [{ role: 'user', content: 'Hi ' }] } },
    ];
    const keys = await Promise.all([about, ...others].map(keyOf));
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('names files by their bytes, and is none for a file of which nothing is known', async () => {
    const key = await keyOf(hearing({}));
    expect(await keyOf(hearing({ file: fileId('2') }))).toBe(key);
    expect(await keyOf(hearing({ sha256: 'cd' }))).not.toBe(key);
    expect(await keyOf(hearing({ sha256: '' }))).toBeNull();
    // What only looks like a file in a user's own fields is told apart like everything else.
    const like = (file: string) => hearing({}, { media: { file, mimeType: 'a/b', sha256: 'ab' } });
    expect(await keyOf(like(fileId('1')))).not.toBe(await keyOf(like(fileId('2'))));
  });
});
