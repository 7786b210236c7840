import { describe, expect, test } from 'vitest';

import { knownCapabilities, providerIds } from '../../../src/providers/registry.ts';
import { checkDefinition } from '../../../src/services/pipelines/check-definition.ts';
import { providers } from './one-provider.ts';

const target = { provider: 'openai', model: 'm' };
const other = { provider: 'openai', model: 'n' };

function check(route: unknown, timeouts: object = {}) {
  const ask = {
    id: 'ask',
    uses: 'model.chat',
    route: 'r',
    with: { messages: [{ role: 'user', content: 'x' }] },
    ...timeouts,
  };
  return checkDefinition({ name: 'p', routes: { r: route }, steps: [ask] }, providers);
}

function found(route: unknown): string[] {
  const checked = check(route);
  const list = checked.ok ? checked.warnings : checked.violations;
  return list.map(({ pointer, code }) => `${pointer} ${code}`);
}

const within = (inside: object) => ({ targets: [{ route: inside }] });

describe('a route is refused with a pointer', () => {
  test.each<[string, unknown, string]>([
    [
      'a target without a model',
      { targets: [{ provider: 'openai' }] },
      '/targets/0/model required',
    ],
    [
      'a field that no target has',
      { targets: [{ ...target, modle: 'x' }] },
      '/targets/0/modle unknown_field',
    ],
    [
      'a mistake in a route inside',
      within({ targets: [{ ...target, weight: -1 }] }),
      '/targets/0/route/targets/0/weight too_small',
    ],
    [
      'a provider that is none, inside',
      within(within({ targets: [{ provider: 'nobody', model: 'm' }] })),
      '/targets/0/route/targets/0/route/targets/0/provider unknown_provider',
    ],
    [
      'routes four deep',
      within(within(within({ targets: [target] }))),
      '/targets/0/route/targets/0/route/targets/0',
    ],
    ['a weight in a list', { targets: [{ ...target, weight: 2 }] }, '/targets/0/weight misplaced'],
    [
      'a condition in a list',
      { targets: [{ ...target, when: '${{ true }}' }] },
      '/targets/0/when misplaced',
    ],
    [
      'a key where nothing is balanced',
      { strategy: { mode: 'cheapest', key: '${{ input.a }}' }, targets: [target] },
      '/strategy/key misplaced',
    ],
    [
      'a target for all others before the last one',
      { strategy: { mode: 'conditional' }, targets: [target, { ...other, when: '${{ true }}' }] },
      '/targets/0/when required',
    ],
    [
      'a condition that does not compile',
      { strategy: { mode: 'conditional' }, targets: [{ ...target, when: '${{ input. }}' }, other] },
      '/targets/0/when expression',
    ],
    [
      'a condition about a step that is not there',
      {
        strategy: { mode: 'conditional' },
        targets: [{ ...target, when: "${{ steps.no.status == 'failed' }}" }, other],
      },
      '/targets/0/when reference',
    ],
    [
      'a condition about the item of a map',
      {
        strategy: { mode: 'conditional' },
        targets: [{ ...target, when: '${{ item.big }}' }, other],
      },
      '/targets/0/when reference',
    ],
    [
      'more models than a route may have',
      {
        targets: [1, 2, 3].map((group) => ({
          route: {
            targets: Array.from({ length: 8 }, (_, n) => ({ ...target, model: `${group}${n}` })),
          },
        })),
      },
      '/targets too_big',
    ],
  ])('%s', (_what, route, expected) => {
    const pointers = found(route);
    expect(
      pointers.some((one) => one.startsWith(`/routes/r${expected}`)),
      String(pointers),
    ).toBe(true);
  });

  test('a condition about the step that uses the route: it would wait for itself', () => {
    const route = {
      strategy: { mode: 'conditional' },
      targets: [{ ...target, when: "${{ steps.ask.status == 'failed' }}" }, other],
    };
    expect(found(route)).toEqual(['/steps/0 cycle']);
  });
});

describe('a second target beside slow ones is refused', () => {
  const targets = [target, other];

  test.each<[string, object, object, string]>([
    ['without another target', { targets: [target] }, {}, '/routes/r/hedge contradiction'],
    [
      'after a time in which the attempt has ended',
      { targets, hedge: { after: '60s' } },
      {},
      '/routes/r/hedge/after contradiction',
    ],
    [
      'after a shorter time, of shorter attempts',
      { targets, hedge: { after: 'p95', or: '9s' } },
      { timeouts: { attempt: '9s' } },
      '/routes/r/hedge/or contradiction',
    ],
    [
      'where a call is not to be paid twice',
      { targets },
      { on_unknown: 'fail' },
      '/steps/0/on_unknown contradiction',
    ],
    [
      'a second time in place of nothing',
      { targets, hedge: { after: '1s', or: '2s' } },
      {},
      '/routes/r/hedge/or custom',
    ],
    [
      'after what is no time',
      { targets, hedge: { after: 'p99' } },
      {},
      '/routes/r/hedge/after custom',
    ],
    [
      'after next to no time',
      { targets, hedge: { after: '1ms' } },
      {},
      '/routes/r/hedge/after custom',
    ],
    [
      'in a route inside another one',
      { targets: [{ route: { targets, hedge: { after: '1s' } } }] },
      {},
      '/routes/r/targets/0/route/hedge unknown_field',
    ],
  ])('%s', (_what, route, step, expected) => {
    const checked = check({ hedge: { after: '2s' }, ...route }, step);
    const list = checked.ok ? [] : checked.violations;
    expect(list.map(({ pointer, code }) => `${pointer} ${code}`)).toContain(expected);
  });

  test('where the models work in a queue of their provider', () => {
    const draws = {
      id: 'ask',
      uses: 'model.image',
      route: {
        hedge: { after: '2s' },
        targets: [
          { provider: 'replicate', model: 'a/b' },
          { provider: 'fal', model: 'c' },
          { provider: 'openai', model: 'gpt-image-1' },
        ],
      },
      with: { prompt: 'a pump' },
    };
    const known = { ...providers, ids: providerIds, capabilitiesOf: knownCapabilities };
    const checked = checkDefinition({ name: 'p', steps: [draws] }, known);
    expect(checked).toMatchObject({
      ok: false,
      violations: [{ pointer: '/steps/0/route/hedge', code: 'contradiction' }],
    });
  });
});

describe('a route is warned of', () => {
  test('where it may ask nobody', () => {
    const route = {
      strategy: { mode: 'conditional' },
      targets: [{ ...target, when: '${{ has(input.a) }}' }],
    };
    expect(found(route)).toEqual(['/routes/r/targets no_target_else']);
  });

  test('where its attempts may outlast the job', () => {
    const checked = check(
      { targets: [target] },
      { retry: { max_attempts: 20 }, timeouts: { attempt: '9m' } },
    );
    expect(checked).toMatchObject({
      ok: true,
      warnings: [{ pointer: '/steps/0', code: 'worst_case' }],
      worstCase: { jobMs: 3_600_000 },
    });
  });
});
