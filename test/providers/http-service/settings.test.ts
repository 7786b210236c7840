import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { knownCapabilities, makeRegistry, providerIds } from '../../../src/providers/registry.ts';
import { readServices } from '../../../src/providers/http-service/settings/read.ts';
import { anyReply } from '../arbitrary.ts';
import { documentedSettings, reply, serviceOf } from './support.ts';
import { noFetch } from '../calling.ts';

const embed = {
  submit: { path: '/embed', body: { input: '${{ call.texts }}' } },
  result: { vectors: 'data[*].vector' },
};
const image = {
  submit: { path: '/pictures', body: { prompt: '${{ call.prompt }}' } },
  result: { url: 'url' },
};

function registryOf(settings: Record<string, string>) {
  return makeRegistry((name) => settings[name], noFetch);
}

function reasonOf(setting: unknown): string {
  const { invalid, problems } = readServices(JSON.stringify(setting), 'HTTP_PROVIDERS', ['openai']);
  return [...problems, ...invalid.values()].join('\n');
}

test('the documented services are in order, and providers of the deployment', () => {
  const { painter = '', 'own-embeddings': embeddings = '' } = documentedSettings();
  const both = JSON.stringify([...JSON.parse(painter), ...JSON.parse(embeddings)]);
  const registry = registryOf({ HTTP_PROVIDERS: both });
  expect(registry.ids).toEqual([...providerIds, 'own-embeddings', 'painter']);
  expect(registry.adapters.get('own-embeddings')?.capabilities).toEqual({
    kinds: ['embed'],
    local: false,
  });
  expect(registry.missing.get('painter')).toBe('set PAINTER_API_KEY');
  const withKey = registryOf({ HTTP_PROVIDERS: painter, PAINTER_API_KEY: 'k' });
  const adapter = withKey.adapters.get('painter');
  expect(adapter?.capabilities.executions).toEqual({ image: ['background'] });
  expect([adapter?.getJobStatus, adapter?.cancelJob].map((verb) => typeof verb)).toEqual([
    'function',
    'function',
  ]);
  expect(knownCapabilities('painter')).toBeNull();
});

test('one service stands without a list', () => {
  expect(registryOf({ HTTP_PROVIDERS: JSON.stringify(serviceOf({ embed })) }).ids).toContain('own');
});

test('without the setting nothing is different', () => {
  expect(registryOf({}).ids).toEqual(providerIds);
  expect(registryOf({ HTTP_PROVIDERS: ' ' }).problems).toEqual([]);
});

test('a wrong service does not touch the others, and none of it the built-in ones', () => {
  const setting = [serviceOf({ embed }), { ...serviceOf({}), id: 'wrong' }, { id: 'OPENAI!' }, 7];
  const registry = registryOf({ HTTP_PROVIDERS: JSON.stringify(setting), OPENAI_API_KEY: 'k' });
  expect(registry.adapters.has('own')).toBe(true);
  expect(registry.adapters.has('openai')).toBe(true);
  expect(registry.missing.get('wrong')).toBe(
    'mend HTTP_PROVIDERS: /1/kinds needs at least one kind',
  );
  expect(registry.ids).toContain('wrong');
  expect(registry.problems).toEqual([
    expect.stringContaining('/2/id: must be a name'),
    expect.stringContaining('/3/id: must be a name'),
  ]);
});

test.each(['{"id": ', 'painter'])('a setting that is no JSON is a problem: %s', (text) => {
  expect(registryOf({ HTTP_PROVIDERS: text }).problems).toEqual(['is no JSON']);
});

test('a setting that is neither list nor service is a problem', () => {
  expect(registryOf({ HTTP_PROVIDERS: '7' }).problems).toEqual([
    'must be a list of services, or one service',
  ]);
});

describe('a mistake is named with its place', () => {
  test.each<[unknown, string]>([
    [serviceOf({ embed }, { id: 'openai' }), '/0/id: "openai" is the id of another provider'],
    [[serviceOf({ embed }), serviceOf({ embed })], '/1/id: "own" is the id of another provider'],
    [serviceOf({ embed }, { base_url: 'ftp://x' }), '/0/base_url must be an http or https URL'],
    [
      serviceOf({ embed }, { base_url: 'https://me:secret@x.example' }),
      '/0/base_url must be an http or https URL without credentials',
    ],
    [
      serviceOf({ embed }, { secret_name: 'my key' }),
      '/0/secret_name must be the name of a secret',
    ],
    [serviceOf({ embed }, { colour: 1 }), '/0/colour "colour" is not a known field'],
    [serviceOf({ paint: embed }), '/0/kinds/paint "paint" is not a known field'],
    [serviceOf({ embed: { ...embed, result: {} } }), '/0/kinds/embed/result/vectors is required'],
    [
      serviceOf({ embed: { ...embed, result: { vectors: 'a..b' } } }),
      '/0/kinds/embed/result/vectors "a..b" is no place in a reply',
    ],
    [
      serviceOf({ embed: { ...embed, submit: { path: 'embed' } } }),
      '/0/kinds/embed/submit/path must begin with "/"',
    ],
    [
      serviceOf({ embed: { ...embed, submit: { path: '/a/../b' } } }),
      '/0/kinds/embed/submit/path must not have "." or ".."',
    ],
    [
      serviceOf({
        embed: { ...embed, submit: { path: '/e', body: { a: ['${{ call.texts + 1 }}'] } } },
      }),
      '/0/kinds/embed/submit/body/a/0 "call.texts + 1" is no place',
    ],
    [
      serviceOf({ embed: { ...embed, submit: { path: '/e', body: '${{ call.texts' } } }),
      '/0/kinds/embed/submit/body has a "${{" without its "}}"',
    ],
    [
      serviceOf({ embed: { ...embed, submit: { path: '/e', body: '${{ call.prompt }}' } } }),
      '/0/kinds/embed/submit reads a field that a call of kind embed has not; it has model, texts',
    ],
    [
      serviceOf({ embed: { ...embed, submit: { path: '/e', body: '${{ env.KEY }}' } } }),
      '/0/kinds/embed/submit reads "env"; there are call, idempotency_key',
    ],
    [
      serviceOf({ embed: { ...embed, submit: { path: '/e', body: {} } } }),
      '/0/kinds/embed/submit never reads call.texts',
    ],
    [
      serviceOf({ embed: { ...embed, submit: { ...embed.submit, form: { a: 'b' } } } }),
      '/0/kinds/embed/submit has more than one of `body`, `form` and `file`',
    ],
    [
      serviceOf({ embed: { ...embed, submit: { ...embed.submit, method: 'GET' } } }),
      '/0/kinds/embed/submit is a GET, which has no body',
    ],
    [serviceOf({ embed: { ...embed, usage: { tokens: 'n' } } }), '/0/kinds/embed/usage/tokens'],
    [
      serviceOf({ embed: { ...embed, error: { classes: { a: 'bad' } } } }),
      '/0/kinds/embed/error/classes/a must be one of rate_limited',
    ],
    [
      serviceOf({ embed: { ...embed, cancel: { path: '/stop' } } }),
      '/0/kinds/embed/cancel needs a `status`',
    ],
    [
      serviceOf({ image: { ...image, result: { url: 'a', base64: 'b' } } }),
      '/0/kinds/image/result needs `url` or `base64`, and not both',
    ],
    [
      serviceOf({
        image: {
          ...image,
          submit: {
            path: '/p',
            body: { p: '${{ call.prompt }}', i: { $file: 'call.prompt', as: 'hex', x: 1 } },
          },
        },
      }),
      '/0/kinds/image/submit/body/i/$file must be "call.audio"',
    ],
    [
      serviceOf({ image: { ...image, submit: { path: '/p', file: { $file: 'call.images[*]' } } } }),
      '/0/kinds/image/submit `file` must be one file of the call',
    ],
  ])('%#', (setting, expected) => {
    expect(reasonOf(Array.isArray(setting) ? setting : [setting])).toContain(expected);
  });
});

test('whatever the setting says, the Worker starts', () => {
  const exchanges = Object.values(documentedSettings()).map((text) => ({
    reply: reply(JSON.parse(text)),
  }));
  fc.assert(
    fc.property(anyReply(exchanges, ['']), ({ body }) => {
      const registry = registryOf({ HTTP_PROVIDERS: JSON.stringify(body), PAINTER_API_KEY: 'k' });
      expect(registry.adapters.has('builtin')).toBe(true);
      for (const reason of registry.missing.values()) expect(reason.length).toBeLessThan(2_000);
    }),
    { numRuns: 500 },
  );
});
