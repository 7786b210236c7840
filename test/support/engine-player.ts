import * as fc from 'fast-check';

import {
  leavesOf,
  LEAVES_MAX,
  type RouteEntry,
  type RouteMode,
} from '../../src/domain/definition/definition-route.ts';
import { MISFIT } from '../../src/domain/job/failure.ts';
import { isTerminal } from '../../src/domain/job/job.ts';
import type { Json } from '../../src/domain/json.ts';
import {
  budgetDeclineReasons,
  isBudgetReason,
  type BudgetRefusal,
} from '../../src/domain/budget.ts';
import { declineReasons } from '../../src/domain/model/target-gate.ts';
import { makePlan, type Plan } from '../../src/engine/plan/plan.ts';
import { compileRoute } from '../../src/engine/routes/plan-route.ts';
import {
  definitionOf,
  EVERYTHING,
  failureOf,
  parseKey,
  planOf,
  type EngineDriver,
  type Result,
  type Refusal,
  type StepBody,
} from './engine-driver.ts';

const REFUSAL: BudgetRefusal = {
  budgetId: 'bud_1',
  onExceed: 'queue',
  limitNanoUsd: 1_000,
  spentNanoUsd: 900,
  reservedNanoUsd: 50,
  estimateNanoUsd: 200,
  resetsAtMs: null,
};

/** Random definitions, inputs and scripts for the engine, and the player that carries a script out. */

type RouteBody = Exclude<NonNullable<StepBody['route']>, string>;

const target = fc.constantFrom(
  { provider: 'openai', model: 'a' },
  { provider: 'openai', model: 'b' },
  { provider: 'anthropic', model: 'c' },
  { provider: 'builtin', model: 'd' },
  { provider: 'builtin', model: 'e' },
  { provider: 'dead', model: 'f' },
);

const anyMode = fc.constantFrom<RouteMode[]>(
  'single',
  'fallback',
  'fallback',
  'loadbalance',
  'conditional',
  'cheapest',
  'fastest',
);

/** What a target has beside itself in a route of its mode; the last one of a conditional route may be for all others. */
const besides = fc.record({
  weight: fc.option(fc.constantFrom(0, 1, 5)),
  when: fc.constantFrom(
    '${{ has(input.flag) && input.flag }}',
    '${{ size(input.list) > 1 }}',
    '${{ size(input.list) }}',
  ),
  otherwise: fc.boolean(),
});
type Besides = typeof besides extends fc.Arbitrary<infer Value> ? Value : never;

function placed(
  entry: RouteEntry,
  { weight, when, otherwise }: Besides,
  mode: RouteMode,
  isLast: boolean,
): RouteEntry {
  if (mode === 'loadbalance') return weight === null ? entry : { ...entry, weight };
  return mode !== 'conditional' || (isLast && otherwise) ? entry : { ...entry, when };
}

function routeOf(entry: fc.Arbitrary<RouteEntry>): fc.Arbitrary<RouteBody> {
  return fc
    .record({
      mode: anyMode,
      on: fc.option(
        fc.constantFrom<NonNullable<NonNullable<RouteBody['strategy']>['on']>[]>(
          ['rate_limited', 'timeout', 'output_invalid'],
          ['general', 'content'],
        ),
      ),
      keyed: fc.boolean(),
      entries: fc.array(fc.tuple(entry, besides), { minLength: 1, maxLength: 3 }),
    })
    .map(({ mode: named, on, keyed, entries }) => ({
      strategy: {
        mode: named,
        ...(on === null ? {} : { on }),
        ...(keyed && named === 'loadbalance' ? { key: '${{ size(input.list) }}' } : {}),
      },
      targets: entries.map(([one, beside], index) =>
        placed(one, beside, named, index === entries.length - 1),
      ),
    })) as fc.Arbitrary<RouteBody>;
}

const inside = (route: fc.Arbitrary<RouteBody>) => route.map((one) => ({ route: one }));
const innermost = routeOf(target);
const inner = routeOf(fc.oneof({ weight: 3, arbitrary: target }, inside(innermost)));
const outermost = routeOf(fc.oneof({ weight: 3, arbitrary: target }, inside(inner)));

/** Half of the routes are plain lists. */
const unhedged: fc.Arbitrary<RouteBody> = fc.oneof(
  fc.array(target, { minLength: 1, maxLength: 3 }).map((targets) => ({ targets })),
  outermost.filter((route) => leavesOf(route).length <= LEAVES_MAX),
);

const hedge = fc.option(
  fc.record(
    {
      after: fc.constantFrom('50ms', '50ms', '1s', '30s', 'p95'),
      max: fc.integer({ min: 1, max: 3 }),
    },
    { requiredKeys: ['after'] },
  ),
);

const anyRoute: fc.Arbitrary<RouteBody> = fc.tuple(unhedged, hedge).map(([route, hedged]) => {
  if (hedged === null || !mayHedge(route)) return route;
  return { ...route, hedge: hedged };
});

function mayHedge(route: RouteBody): boolean {
  const { width, targets } = compileRoute(route, [], []);
  return width > 1 && new Set(targets.map(({ model }) => model)).size > 1;
}

const duration = fc.constantFrom('60s', '10m', '5s', '1s', '200ms');
const longer = fc.constantFrom('1h', '2h', '3h', '10m', '5s');
const timeouts = fc.record({ attempt: duration, step: duration }, { requiredKeys: [] });
const retry = fc.record(
  { max_attempts: fc.integer({ min: 1, max: 4 }), base_delay: duration },
  { requiredKeys: [] },
);

/** What a step may read of one that stands before it; `S` is the other's id. */
const conditions = [
  "${{ steps.S.status == 'skipped' }}",
  "${{ steps.S.status != 'succeeded' || has(steps.S.output.n) }}",
  '${{ has(steps.S.output.n) && steps.S.output.n > 1 }}',
  '${{ steps.S.output == null || size(steps.S.output) > 0 }}',
  '${{ has(input.flag) && input.flag }}',
  '${{ !has(input.flag) || input.flag }}',
  '${{ size(input.list) > 1 }}',
] as const;

const lists = [
  '${{ input.list }}',
  '${{ steps.S.output.list }}',
  '${{ steps.S.output }}',
  '${{ input.list.filter(x, x > 1) }}',
] as const;

const waits = [{ duration: '5s' }, { event: 'go' }, { event: 'stop' }] as const;
const ENDS = { ok: true, output: { n: 2, list: [1, 2] }, costNanoUsd: 1 } as const;

const seed = fc.record({
  model: fc.boolean(),
  /** A wait or a sub-pipeline instead. */
  control: fc.option(fc.constantFrom(...waits, 'pipeline' as const), { freq: 4 }),
  onFailure: fc.option(fc.constantFrom('continue' as const, 'fail' as const, 'handler' as const)),
  goesOn: fc.boolean(),
  needs: fc.array(fc.nat(20), { maxLength: 2 }),
  condition: fc.option(fc.constantFrom(...conditions), { freq: 2 }),
  list: fc.option(fc.constantFrom(...lists), { freq: 2 }),
  other: fc.nat(20),
  maxConcurrency: fc.integer({ min: 1, max: 4 }),
  route: anyRoute,
  reAsk: fc.option(fc.integer({ min: 0, max: 2 })),
  timeouts: fc.option(timeouts, { freq: 1 }),
  retry: fc.option(retry, { freq: 2 }),
  onUnknown: fc.option(fc.constantFrom('retry' as const, 'fail' as const, 'fallback' as const)),
});
type Seed = typeof seed extends fc.Arbitrary<infer Value> ? Value : never;

/** An expression about an earlier step, in place of `S`; null for one that would need a step to be earlier. */
function about(template: string, other: string | null): string | null {
  if (!template.includes('steps.S')) return template;
  return other === null ? null : template.replaceAll('steps.S', `steps.${other}`);
}

function stepOf(one: Seed, index: number): StepBody {
  const other = index === 0 ? null : `s${one.other % index}`;
  const condition = one.condition && about(one.condition, other);
  const isWait = one.control !== null && one.control !== 'pipeline';
  const list = isWait ? null : one.list && about(one.list, other);
  const retries = one.retry !== null && !isWait ? { retry: one.retry } : {};
  return {
    id: `s${index}`,
    needs: index === 0 ? [] : one.needs.map((need) => `s${need % index}`),
    ...kindOf(one),
    ...(condition === null ? {} : { if: condition }),
    ...(list === null ? {} : mapOf(one, list)),
    ...(one.onFailure === 'continue' ? { on_failure: 'continue' as const } : {}),
    ...(one.timeouts && { timeouts: one.timeouts }),
    ...retries,
  };
}

function mapOf({ maxConcurrency, goesOn }: Seed, list: string) {
  const policy = goesOn ? { on_item_failure: 'continue' as const } : {};
  return { for_each: list, max_concurrency: maxConcurrency, ...policy };
}

function kindOf(one: Seed): Pick<StepBody, 'uses' | 'with' | 'route' | 'check' | 'on_unknown'> {
  if (one.control === 'pipeline') return { uses: 'pipeline', with: { pipeline: 'other' } };
  if (one.control !== null) return { uses: 'wait', with: one.control };
  return one.model ? modelOf(one) : { uses: 'data.compose' };
}

/** Lets steps stand in for others: each for one, and only for one that does not wait for it in any way. */
function withSomeHandlers(seeds: readonly Seed[], steps: readonly StepBody[]): StepBody[] {
  return steps.map((step, index) => {
    if (seeds[index]?.onFailure !== 'handler') return step;
    return { ...step, on_failure: { step: `h${index}` } };
  });
}

function handlersOf(seeds: readonly Seed[]): StepBody[] {
  return seeds.flatMap(({ onFailure, model, route }, index) => {
    if (onFailure !== 'handler') return [];
    const kind = model ? { uses: 'model.chat' as const, route } : { uses: 'data.compose' as const };
    return [{ id: `h${index}`, ...kind }];
  });
}

function modelOf({
  route,
  reAsk,
  onUnknown,
}: Seed): Pick<StepBody, 'uses' | 'route' | 'check' | 'on_unknown'> {
  const check = reAsk === null ? {} : { check: { schema: {}, re_ask: reAsk } };
  const policy = onUnknown === null ? {} : { on_unknown: onUnknown };
  return { uses: 'model.chat', route, ...check, ...policy };
}

/** Up to twelve steps in any order, each reading only steps that it may read. */
export const anyDefinition: fc.Arbitrary<Plan> = fc
  .record({
    seeds: fc.array(seed, { minLength: 1, maxLength: 12 }),
    order: fc.array(fc.nat(), { minLength: 24, maxLength: 24 }),
    job: longer,
    queue: longer,
    output: fc.constantFrom<Json[]>('${{ steps.s0.output }}', { n: '${{ size(input.list) }}' }),
  })
  .map(({ seeds, order, job, queue, output }) => {
    const steps = [...withSomeHandlers(seeds, seeds.map(stepOf)), ...handlersOf(seeds)]
      .map((step, index) => ({ step, at: order[index] ?? 0 }))
      .toSorted((left, right) => left.at - right.at)
      .map(({ step }) => step);
    const result = makePlan(definitionOf({ steps, output, timeouts: { job, queue } }));
    if (!result.ok) throw new Error(JSON.stringify(result.violations));
    return result.plan;
  });

const hosted = fc.constantFrom('a', 'b').map((model) => ({ provider: 'openai', model }));
const anywhere = fc.constantFrom(
  { provider: 'groq', model: 'g' },
  { provider: 'anthropic', model: 'c' },
  { provider: 'builtin', model: 'd' },
  { provider: 'dead', model: 'f' },
);

/** One or two steps at models, each with a second target for attempts that take long. */
export const anyHedged: fc.Arbitrary<Plan> = fc
  .array(
    fc.record({
      first: hosted,
      others: fc.uniqueArray(anywhere, { minLength: 1, selector: ({ model }) => model }),
      after: fc.constantFrom('50ms', '1s', 'p95'),
      max: fc.integer({ min: 1, max: 3 }),
      inMap: fc.boolean(),
      goesOn: fc.boolean(),
      reAsk: fc.integer({ min: 0, max: 2 }),
      attempts: fc.integer({ min: 1, max: 3 }),
      onUnknown: fc.constantFrom('retry' as const, 'fallback' as const),
    }),
    { minLength: 1, maxLength: 2 },
  )
  .map((seeds) => {
    const steps = seeds.map((one, index) => ({
      id: `s${index}`,
      uses: 'model.chat' as const,
      route: {
        hedge: { after: one.after, max: one.max },
        targets: [one.first, ...one.others, { provider: 'openai', model: 'e' }],
      },
      check: { schema: {}, re_ask: one.reAsk },
      retry: { max_attempts: one.attempts },
      on_unknown: one.onUnknown,
      ...(one.inMap
        ? {
            for_each: '${{ [1, 2] }}',
            ...(one.goesOn ? { on_item_failure: 'continue' as const } : {}),
          }
        : {}),
    }));
    return planOf({ steps });
  });

export const anyInput: fc.Arbitrary<Json> = fc.record(
  { flag: fc.boolean(), list: fc.array(fc.nat(5), { maxLength: 6 }) },
  { requiredKeys: ['list'] },
);

const outcome: fc.Arbitrary<Result> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      ok: fc.constant(true as const),
      output: fc.constantFrom<Json[]>(
        { n: 2, list: [1, 2] },
        { n: 1, list: [] },
        [1, 2, 3],
        'text',
      ),
      costNanoUsd: fc.constantFrom(0, 7, null),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      ok: fc.constant(false as const),
      failure: fc.constantFrom(
        failureOf({ class: 'network' }),
        failureOf({ class: 'timeout' }),
        failureOf({ class: 'overloaded', phase: 'rejected' }),
        failureOf({ class: 'rate_limited', retryAfterMs: 700 }),
        failureOf({ class: 'output_invalid', phase: 'finished' }),
        failureOf({ class: 'output_invalid', phase: 'finished' }),
        failureOf({ class: 'auth', phase: 'rejected' }),
        failureOf({ class: 'context_length', phase: 'rejected' }),
        failureOf({ class: 'context_length', phase: 'not_sent', code: MISFIT }),
        failureOf({ class: 'cancelled' }),
      ),
      costNanoUsd: fc.constantFrom(0, 3, null),
    }),
  },
);

export type Move =
  | {
      readonly kind: 'claim';
      readonly calls: number;
      readonly local: number;
      readonly lifeMs: number;
    }
  | {
      readonly kind: 'settle';
      readonly which: number;
      readonly result: Result;
      readonly claims: boolean;
    }
  /** A report for any attempt that was ever started, whatever became of it, or for one that never was. */
  | { readonly kind: 'stray'; readonly which: number; readonly result: Result }
  | { readonly kind: 'unknown'; readonly result: Result }
  | { readonly kind: 'lose'; readonly which: number }
  | { readonly kind: 'timer'; readonly when: 'early' | 'due' | 'late' }
  /** An attempt takes long: its runner comes for a second one beside it. */
  | { readonly kind: 'hedge' }
  /** The attempt goes on in a job of its own. */
  | { readonly kind: 'pend'; readonly which: number }
  /** The attempt goes on at its provider; or it still does, or a report of it comes a second time. */
  | {
      readonly kind: 'ticket';
      readonly which: number;
      readonly checkInMs: number;
      readonly stale: boolean;
      readonly asks: 'nothing' | 'adopted' | 'absent' | 'unknown';
    }
  /** The target's gate does not let an attempt through. */
  | {
      readonly kind: 'decline';
      readonly which: number;
      readonly reason: NonNullable<Refusal['reason']>;
      readonly because: 'overloaded' | 'auth' | null;
      readonly inMs: number;
    }
  /** The provider calls back, about any attempt that was ever started. */
  | { readonly kind: 'callback'; readonly which: number }
  | { readonly kind: 'send'; readonly name: string }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'cancel' };

const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('claim' as const),
      calls: fc.nat(4),
      local: fc.nat(4),
      lifeMs: fc.constantFrom(3_600_000, 3_600_000, 30_000),
    }),
  },
  {
    weight: 28,
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      which: fc.nat(),
      result: outcome,
      claims: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('stray' as const), which: fc.nat(), result: outcome }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('unknown' as const), result: outcome }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('lose' as const), which: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('timer' as const),
      when: fc.constantFrom('early' as const, 'due' as const, 'late' as const),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ kind: 'hedge' as const }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pend' as const), which: fc.nat() }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('ticket' as const),
      which: fc.nat(),
      checkInMs: fc.constantFrom(0, 1_000, 60_000),
      stale: fc.boolean(),
      asks: fc.constantFrom(
        'nothing' as const,
        'nothing' as const,
        'adopted' as const,
        'absent' as const,
        'unknown' as const,
      ),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('decline' as const),
      which: fc.nat(),
      reason: fc.constantFrom(...declineReasons, ...budgetDeclineReasons),
      because: fc.constantFrom('overloaded' as const, 'auth' as const, null),
      inMs: fc.constantFrom(-5_000, 0, 300, 5_000, 60_000, 86_400_000),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('callback' as const), which: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      name: fc.constantFrom('go', 'stop'),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'pause' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'resume' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'cancel' as const }) },
);

export const anyScript = fc.array(move, { minLength: 5, maxLength: 40, size: 'max' });

/** Carries out moves against a job, and keeps the books that the engine is compared with. */
export class Player {
  readonly #driver: EngineDriver;
  /** What the first report of each attempt said it cost. */
  readonly charged = new Map<string, number | null>();

  constructor(driver: EngineDriver) {
    this.#driver = driver;
  }

  play(next: Move): void {
    const driver = this.#driver;
    driver.nowMs += 10;
    switch (next.kind) {
      case 'claim':
        driver.claim({
          capacity: { calls: next.calls, local: next.local },
          untilMs: driver.nowMs + next.lifeMs,
        });
        return;
      case 'settle':
        this.#report(pick(driver.activeKeys, next.which), next.result, next.claims);
        return;
      case 'stray':
        this.#report(pick([...driver.started.keys()], next.which), next.result, false);
        return;
      case 'unknown':
        driver.settle({ 's0#99': next.result, 's0[999]#1': next.result });
        return;
      case 'lose':
        driver.lose(...[pick(driver.activeKeys, next.which)].filter((key) => key !== undefined));
        return;
      case 'timer':
        this.#letTimePass(next.when);
        return;
      case 'hedge':
        this.#hedge();
        return;
      case 'pend':
        this.#pend(next.which);
        return;
      case 'ticket':
      case 'decline':
        this.#leave(next);
        return;
      case 'callback':
        driver.callBack(pick([...driver.started.keys()], next.which) ?? 's0#1');
        return;
      case 'send':
        driver.send(next.name, { n: 2, list: [1, 2] });
        return;
      default:
        driver[next.kind]();
    }
  }

  #report(key: string | undefined, result: Result, claims: boolean): void {
    if (key === undefined) {
      this.#driver.wait(0);
      return;
    }
    // An attempt has one runner and one cost; whoever reports it again repeats that.
    const known = this.charged.get(key);
    const costNanoUsd = known === undefined ? (result.costNanoUsd ?? null) : known;
    this.charged.set(key, costNanoUsd);
    this.#driver.settle({ [key]: { ...result, costNanoUsd } }, claims ? EVERYTHING : null);
  }

  /** Some attempt is not carried out by its runner: its provider goes on with it, or its gate lets it not through. */
  #leave(next: Extract<Move, { readonly kind: 'ticket' | 'decline' }>): void {
    if (next.kind === 'ticket') this.#ticket(next);
    else this.#decline(next);
  }

  /** Some attempt was not sent; one that its runner has told of before was. */
  #decline({ which, reason, because, inMs }: Extract<Move, { readonly kind: 'decline' }>): void {
    const driver = this.#driver;
    const key = pick(
      [...driver.started.keys()].filter(
        (each) => !this.charged.has(each) || this.charged.get(each) === 0,
      ),
      which,
    );
    if (key === undefined || this.#isElsewhere(key)) {
      driver.wait(0);
      return;
    }
    this.charged.set(key, 0);
    const refusal = isBudgetReason(reason) ? { refusal: REFUSAL } : {};
    driver.decline(key, { reason, ...(because === null ? {} : { because }), ...refusal, inMs });
  }

  #isElsewhere(key: string): boolean {
    const active = this.#driver.state.active[key];
    return active?.ticket !== undefined || active?.child !== undefined || active?.target === null;
  }

  #hedge(): void {
    const driver = this.#driver;
    const moments = Object.values(driver.state.active).flatMap(({ hedgeAtMs }) => hedgeAtMs ?? []);
    if (moments.length > 0) driver.waitUntil(Math.max(driver.nowMs, Math.min(...moments)));
    driver.claim();
  }

  /** Some attempt of a `pipeline` step is passed on to a child. */
  #pend(which: number): void {
    const driver = this.#driver;
    const own = driver.activeKeys.filter((each) => {
      const step = driver.state.active[each]?.step ?? '';
      return driver.plan.byId.get(step)?.definition.uses === 'pipeline';
    });
    const key = pick(own, which);
    if (key === undefined) driver.wait(0);
    else driver.pend(key);
  }

  /** Some attempt at a model is passed on to its provider, or a ticket of any attempt comes late. */
  #ticket({ which, checkInMs, stale, asks }: Extract<Move, { kind: 'ticket' }>): void {
    const driver = this.#driver;
    const among = stale ? [...driver.started.keys()] : driver.activeKeys;
    const own = among.filter((each) => driver.started.get(each)?.local === false);
    const key = pick(own, which);
    if (key === undefined) {
      driver.wait(0);
      return;
    }
    const { attempt } = parseKey(key);
    driver.ticket(key, {
      checkInMs,
      ...(stale ? { poll: which % 3 } : {}),
      ...(asks === 'nothing' || attempt === 1
        ? {}
        : { reconciled: [{ attempt: attempt - 1, outcome: asks }] }),
    });
  }

  #letTimePass(when: 'early' | 'due' | 'late'): void {
    const driver = this.#driver;
    const dueAtMs = driver.dueAtMs();
    if (!Number.isFinite(dueAtMs)) return;
    if (when === 'early') driver.wait(Math.floor((dueAtMs - driver.nowMs) / 2));
    if (when === 'due') driver.waitUntil(dueAtMs);
    if (when === 'late') driver.waitUntil(dueAtMs + 30_000);
  }

  /** Every attempt is carried out and every moment comes: nothing stands in the way of the job's end. */
  playFairly(): void {
    const driver = this.#driver;
    driver.resume();
    for (let hop = 0; !isTerminal(driver.status); hop += 1) {
      if (hop > 2_000) throw new Error(`the job does not end: ${JSON.stringify(driver.state)}`);
      driver.send('go', ENDS.output);
      driver.claim();
      const held = driver.activeKeys;
      for (const key of held) {
        this.#report(key, ENDS, false);
      }
      if (held.length === 0) this.#letTimePass('due');
    }
  }

  /** Every attempt's runner reports twice more: those that were lost, those that are known, all of them. */
  reportEverythingAgain(): void {
    for (const key of this.#driver.started.keys()) {
      this.#report(key, { ok: true, output: {}, costNanoUsd: 11 }, true);
      this.#report(key, { ok: true, output: {}, costNanoUsd: 13 }, true);
    }
  }
}

function pick<Value>(values: readonly Value[], which: number): Value | undefined {
  return values[which % Math.max(1, values.length)];
}
