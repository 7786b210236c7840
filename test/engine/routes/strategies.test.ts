import { describe, expect, test } from 'vitest';

import type { TargetView } from '../../../src/engine/world.ts';
import { EngineDriver, type StepBody } from '../../support/engine-driver.ts';

type RouteBody = Exclude<NonNullable<StepBody['route']>, string>;

const of = (provider: string) => ({ provider, model: 'm' });
const [a, b, c, d] = [of('a'), of('b'), of('c'), of('d')];

type Options = {
  readonly input?: EngineDriver['input'];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly views?: Readonly<Record<string, Partial<Extract<TargetView, { usable: true }>>>>;
  readonly unusable?: readonly string[];
  readonly step?: Partial<StepBody>;
};

function job(route: RouteBody, options: Options = {}): EngineDriver {
  const steps: StepBody[] = [{ id: 's', uses: 'model.chat', route, ...options.step }];
  return new EngineDriver(
    { steps },
    {
      input: options.input ?? {},
      metadata: options.metadata ?? {},
      views: new Map(Object.entries(options.views ?? {})),
      unusable: new Map((options.unusable ?? []).map((id) => [id, `no key for ${id}`])),
      random: [0],
    },
  );
}

const providerOf = (driver: EngineDriver, key: string) =>
  driver.state.active[key]?.target?.provider;

/** The providers that are asked, one after the other, when every one of them fails in this way. */
function asked(driver: EngineDriver, failure = 'overloaded' as const, times = 4): string[] {
  const found: string[] = [];
  for (let attempt = 1; attempt <= times; attempt += 1) {
    driver.claim();
    const provider = providerOf(driver, `s#${attempt}`);
    if (provider === undefined) return found;
    found.push(provider);
    driver.fail(`s#${attempt}`, { class: failure, phase: 'rejected' });
  }
  return found;
}

describe('loadbalance', () => {
  const balanced: RouteBody = {
    strategy: { mode: 'loadbalance', key: '${{ input.customer }}' },
    targets: [{ ...a, weight: 3 }, { ...b, weight: 1 }, c],
  };
  const firstOf = (customer: string, route = balanced) => {
    const driver = job(route, { input: { customer } });
    driver.claim();
    return providerOf(driver, 's#1') ?? '';
  };
  const customers = Array.from({ length: 400 }, (_, index) => `customer-${index}`);

  test('asks the same target first for the same key, and every target for some', () => {
    const firsts = customers.map((customer) => firstOf(customer));
    expect(customers.map((customer) => firstOf(customer))).toEqual(firsts);
    const share = (name: string) => firsts.filter((first) => first === name).length / 400;
    expect(share('a')).toBeCloseTo(3 / 5, 1);
    expect(share('b')).toBeCloseTo(1 / 5, 1);
    expect(share('c')).toBeCloseTo(1 / 5, 1);
  });

  test('asks all of them, each once, before it goes round', () => {
    expect(
      asked(job(balanced, { input: { customer: 'x' } }))
        .toSorted()
        .slice(0, 3),
    ).toHaveLength(3);
    expect(new Set(asked(job(balanced, { input: { customer: 'x' } }), 'overloaded', 3))).toEqual(
      new Set(['a', 'b', 'c']),
    );
  });

  test('asks what weighs nothing after the others', () => {
    const route: RouteBody = {
      strategy: { mode: 'loadbalance' },
      targets: [{ ...a, weight: 0 }, b],
    };
    expect(asked(job(route), 'overloaded', 2)).toEqual(['b', 'a']);
  });

  test('asks the same target again when the runner is lost, and says nothing of a fallback', () => {
    const driver = job(balanced, { input: { customer: 'x' } });
    driver.claim();
    const first = providerOf(driver, 's#1');
    driver.lose('s#1');
    driver.claim();
    expect(providerOf(driver, 's#2')).toBe(first);
    expect(driver.told('fallback.taken')).toEqual([]);
  });

  test('shares the items of a map', () => {
    const route: RouteBody = { strategy: { mode: 'loadbalance' }, targets: [a, b] };
    const list = Array.from({ length: 60 }, (_, index) => index);
    const driver = job(route, {
      input: { list },
      step: { for_each: '${{ input.list }}', max_concurrency: 60 },
    });
    driver.claim();
    const providers = driver.activeKeys.map((key) => providerOf(driver, key));
    expect(providers.filter((one) => one === 'a').length).toBeGreaterThan(15);
    expect(providers.filter((one) => one === 'b').length).toBeGreaterThan(15);
  });
});

describe('conditional', () => {
  const route: RouteBody = {
    strategy: { mode: 'conditional' },
    targets: [
      { ...a, when: "${{ input.plan == 'pro' }}" },
      { ...b, when: "${{ metadata.region == 'eu' }}" },
      c,
    ],
  };

  test.each([
    [{ plan: 'pro' }, { region: 'eu' }, 'a'],
    [{ plan: 'free' }, { region: 'eu' }, 'b'],
    [{ plan: 'free' }, { region: 'us' }, 'c'],
  ])('with %j and %j asks %s', (input, metadata, provider) => {
    const driver = job(route, { input, metadata });
    driver.claim();
    expect(providerOf(driver, 's#1')).toBe(provider);
    expect(driver.told('fallback.taken', 'target.skipped')).toEqual([]);
  });

  test('stays in the branch that it has taken', () => {
    const driver = job(route, { input: { plan: 'pro' } });
    expect(asked(driver)).toEqual(['a', 'a', 'a']);
  });

  test('waits for the steps that its conditions read', () => {
    const driver = new EngineDriver({
      steps: [
        { id: 'kind', uses: 'data.compose' },
        {
          id: 's',
          uses: 'model.chat',
          route: {
            strategy: { mode: 'conditional' },
            targets: [{ ...a, when: "${{ steps.kind.output.name == 'long' }}" }, b],
          },
        },
      ],
    });
    expect(driver.claim()).toEqual(['kind#1']);
    driver.succeed('kind#1', { name: 'long' });
    driver.claim();
    expect(providerOf(driver, 's#1')).toBe('a');
  });

  test('fails the step where no condition is true, and where one is no condition', () => {
    const none = job({
      strategy: { mode: 'conditional' },
      targets: [{ ...a, when: '${{ has(input.x) }}' }],
    });
    none.claim();
    expect(none.phase('s')).toMatchObject({
      failure: { class: 'not_configured', code: 'no_target' },
    });
    const odd = job(
      { strategy: { mode: 'conditional' }, targets: [{ ...a, when: '${{ input.x }}' }] },
      { input: { x: 1 } },
    );
    odd.claim();
    expect(odd.phase('s')).toMatchObject({
      stopped: 'not_retryable',
      failure: { class: 'expression_failed', message: '`route`: `input.x` must be true or false' },
    });
  });
});

/** How often one of them is found. */
const share = (name: string, found: readonly unknown[]) =>
  found.filter((one) => one === name).length / found.length;

const ranked = (mode: 'cheapest' | 'fastest'): RouteBody => ({
  strategy: { mode },
  targets: [b, d, a, c],
});

const pair = (on: NonNullable<NonNullable<RouteBody['strategy']>['on']>): RouteBody => ({
  strategy: { mode: 'fallback', on },
  targets: [{ route: { strategy: { mode: 'fallback', on: ['timeout'] }, targets: [a, b] } }, c],
});

describe('cheapest and fastest', () => {
  const views = {
    a: { latencyMs: 90, costNanoUsdPerMTok: 9 },
    b: {},
    c: { latencyMs: 10, costNanoUsdPerMTok: 50 },
    d: { latencyMs: 40, costNanoUsdPerMTok: null },
  };
  test('begin with the least that is known: what has no price comes last, what was not measured keeps its place', () => {
    expect(asked(job(ranked('cheapest'), { views }))).toEqual(['a', 'c', 'b', 'd']);
    expect(asked(job(ranked('fastest'), { views }))).toEqual(['b', 'c', 'd', 'a']);
  });

  test('a twentieth of the work begins with what was never measured, so that it is', () => {
    const list = Array.from({ length: 256 }, (_, index) => index);
    const firsts = (known: Options['views']) => {
      const driver = job(
        { strategy: { mode: 'fastest' }, targets: [a, b, of('builtin')] },
        {
          input: { list },
          views: known ?? {},
          step: { for_each: '${{ input.list }}', max_concurrency: 256 },
        },
      );
      driver.claim();
      return driver.activeKeys.map((key) => providerOf(driver, key));
    };
    const once = firsts({ a: { latencyMs: 900 } });
    expect(share('b', once)).toBeGreaterThan(0.02);
    expect(share('b', once)).toBeLessThan(0.09);
    expect(share('builtin', once)).toBe(0);
    expect(firsts({ a: { latencyMs: 900 } })).toEqual(once);
    expect(share('a', firsts({ a: { latencyMs: 900 }, b: { latencyMs: 901 } }))).toBe(1);
  });

  test('look at the target that a route inside would ask', () => {
    const inside: RouteBody = {
      strategy: { mode: 'cheapest' },
      targets: [{ route: { targets: [c, a] } }, { route: { targets: [d] } }, a],
    };
    expect(asked(job(inside, { views }), 'overloaded', 3)).toEqual(['a', 'c', 'a']);
    expect(asked(job(inside, { views, unusable: ['c'] }), 'overloaded', 2)).toEqual(['a', 'a']);
  });

  test('do not turn back when the measurements change between two attempts', () => {
    const changing: Record<string, { latencyMs?: number }> = { a: { latencyMs: 1 }, b: {}, c: {} };
    const driver = job({ strategy: { mode: 'fastest' }, targets: [a, b, c] }, { views: changing });
    driver.claim();
    Object.assign(changing['a'] ?? {}, { latencyMs: 900 });
    Object.assign(changing['c'] ?? {}, { latencyMs: 1 });
    driver.fail('s#1', { class: 'overloaded', phase: 'rejected' });
    driver.claim();
    expect(providerOf(driver, 's#2')).not.toBe('a');
  });
});

describe('routes within routes', () => {
  test('are left by what the one around them lists, and gone through by what they list', () => {
    expect(asked(job(pair(['overloaded'])), 'overloaded', 2)).toEqual(['a', 'c']);
    const driver = job(pair(['overloaded']));
    driver.claim();
    driver.fail('s#1', { class: 'timeout', phase: 'accepted' });
    driver.claim();
    expect(providerOf(driver, 's#2')).toBe('b');
    driver.fail('s#2', { class: 'overloaded', phase: 'rejected' });
    driver.claim();
    expect(providerOf(driver, 's#3')).toBe('c');
  });

  test('count every target that may be reached as an attempt of its own', () => {
    const driver = job({
      strategy: { mode: 'conditional' },
      targets: [
        { when: '${{ true }}', route: { targets: [a, b, c, d] } },
        { route: { targets: [a] } },
      ],
    });
    expect(driver.plan.byId.get('s')?.retry.maxAttempts).toBe(4);
    expect(asked(driver)).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('groups of failures', () => {
  test.each([
    ['content', 'content_blocked_output', true],
    ['general', 'content_blocked_output', false],
    ['general', 'context_length', false],
    ['context_window', 'context_length', true],
    ['general', 'auth', true],
    ['context_window', 'overloaded', false],
    ['general', 'lost', false],
  ] as const)('%s lets %s move on: %s', (group, failureClass, moves) => {
    const driver = job({ strategy: { mode: 'fallback', on: [group] }, targets: [a, b] });
    driver.claim();
    driver.fail('s#1', { class: failureClass, phase: 'rejected' });
    driver.claim();
    expect(providerOf(driver, 's#2') === 'b').toBe(moves);
  });

  test('a text that is too long goes only to a target that is not known to be as small', () => {
    const views = { a: { contextTokens: 100 }, b: { contextTokens: 100 }, c: {} };
    expect(asked(job({ targets: [a, b, c] }, { views }), 'overloaded', 2)).toEqual(['a', 'b']);
    const driver = job({ targets: [a, b, c] }, { views });
    driver.claim();
    driver.fail('s#1', { class: 'context_length', phase: 'rejected' });
    driver.claim();
    expect(providerOf(driver, 's#2')).toBe('c');
  });
});
