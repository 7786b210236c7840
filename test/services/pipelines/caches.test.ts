import { describe, expect, test } from 'vitest';

import { cacheUse, type CacheDefinition } from '../../../src/domain/cache.ts';
import { checkDefinition } from '../../../src/services/pipelines/check-definition.ts';
import { providers } from './one-provider.ts';

const chat = {
  id: 'ask',
  uses: 'model.chat',
  route: { targets: [{ provider: 'openai', model: 'm' }] },
  with: { messages: [{ role: 'user', content: 'x' }] },
};
const image = { ...chat, uses: 'model.image', with: { prompt: 'x' } };
const plain = { id: 'a', uses: 'data.compose', with: { value: 1 } };

function check(step: object, cache: object, more: object = {}) {
  return checkDefinition({ name: 'p', steps: [{ ...step, cache }], ...more }, providers);
}

function mistakes(step: object, cache: object): string[] {
  const checked = check(step, cache);
  return checked.ok ? [] : checked.violations.map(({ pointer, code }) => `${pointer} ${code}`);
}

const warned = (ttl: string, payloads?: string) => {
  const retention = payloads === undefined ? {} : { retention: { payloads } };
  const checked = check(
    chat,
    { mode: 'read_write', ttl },
    { output: '${{ steps.ask.output }}', ...retention },
  );
  return checked.ok && checked.warnings.map(({ pointer }) => pointer);
};

describe('a cache', () => {
  test('may stand at a step that asks a model', () => {
    expect(mistakes(chat, { mode: 'read_write', ttl: '1s', single_flight: true })).toEqual([]);
    expect(mistakes(chat, { mode: 'off' })).toEqual([]);
  });

  test('is refused where there is nothing to take over, or no use for it', () => {
    expect(mistakes(plain, { mode: 'read_write' })).toEqual(['/steps/0/cache misplaced']);
    expect(mistakes(image, { mode: 'read_write' })).toEqual(['/steps/0/cache misplaced']);
    for (const mode of ['read_only', 'refresh', 'off']) {
      const found = mistakes(chat, { mode, single_flight: true });
      expect(found).toEqual(['/steps/0/cache/single_flight contradiction']);
    }
  });

  test('keeps results between a second and thirty days', () => {
    for (const ttl of ['999ms', '31d', 'long']) {
      const [mistake = ''] = mistakes(chat, { mode: 'read_write', ttl });
      expect(mistake).toMatch(/^\/steps\/0\/cache\/ttl /);
    }
    expect(mistakes(chat, {})[0]).toMatch(/^\/steps\/0\/cache\/mode /);
  });

  test('that outlives the payloads of its job is warned of', () => {
    expect(warned('8d')).toEqual(['/steps/0/cache/ttl']);
    expect(warned('7d')).toEqual([]);
    expect(warned('2h', '1h')).toEqual(['/steps/0/cache/ttl']);
    expect(warned('8d', '8d')).toEqual([]);
  });
});

const use = (mode: CacheDefinition['mode'], override?: 'bypass' | 'refresh') => {
  const found = cacheUse({ mode, single_flight: true }, override);
  if (found === null) return 'nothing';
  const { reads, writes, singleFlight } = found;
  return [reads && 'reads', writes && 'writes', singleFlight && 'shares'].filter(Boolean).join();
};

describe('what a step does with its cache', () => {
  test.each([
    ['read_write', 'reads,writes,shares', 'writes'],
    ['read_only', 'reads', 'nothing'],
    ['refresh', 'writes', 'writes'],
    ['off', 'nothing', 'nothing'],
  ] as const)('%s: %s, with a refresh %s, with a bypass nothing', (mode, usual, refreshed) => {
    expect([use(mode), use(mode, 'refresh'), use(mode, 'bypass')]).toEqual([
      usual,
      refreshed,
      'nothing',
    ]);
  });

  test('is nothing without one, and lasts a day unless it says otherwise', () => {
    expect(cacheUse(undefined, undefined)).toBeNull();
    expect(cacheUse({ mode: 'read_write' }, undefined)?.ttlMs).toBe(86_400_000);
    expect(cacheUse({ mode: 'read_write', ttl: '2s' }, undefined)?.ttlMs).toBe(2_000);
  });
});
