import { describe, expect, test } from 'vitest';

import { checkDefinition } from '../../../src/services/pipelines/check-definition.ts';
import type { Providers } from '../../../src/services/ports/providers.ts';

const providers: Providers = {
  ids: ['openai'],
  get: () => null,
  modelsOf: () => [],
  kindOf: () => null,
  capabilitiesOf: () => null,
};

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
