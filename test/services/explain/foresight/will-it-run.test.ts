import { describe, expect, test } from 'vitest';

import { definitionSchema } from '../../../../src/domain/definition/definition.ts';
import type { Json, JsonObject } from '../../../../src/domain/json.ts';
import { openBudget } from '../../../../src/services/explain/foresight/foresee-inputs.ts';
import {
  foreseeStep,
  type StepForecast,
} from '../../../../src/services/explain/foresight/foresee-step.ts';
import type {
  ForeseenStep,
  Foresight,
} from '../../../../src/services/explain/foresight/foresight.ts';
import { planOf } from '../../../support/engine-driver.ts';

/** Never asked: these pipelines have no model. */
const nobody = new Proxy({} as never, {
  get: (_, name) => {
    throw new Error(`asked for ${String(name)}`);
  },
});

async function foresee(
  steps: readonly JsonObject[],
  input: Json,
  charactersMax = 1_000_000,
): Promise<Record<string, StepForecast>> {
  const plan = planOf(definitionSchema.parse({ name: 'p', steps }));
  const known = new Map<string, ForeseenStep>();
  const foresight: Foresight = {
    plan,
    input,
    metadata: { a: 'b' },
    job: { version: 1 },
    steps: known,
  };
  const deps = {
    providers: nobody,
    desk: nobody,
    machine: nobody,
    explainChild: nobody,
    project: 'prj_1' as never,
    projectPrices: [],
    nowMs: 0,
    budget: openBudget(charactersMax),
  };
  const forecasts: Record<string, StepForecast> = {};
  for (const step of plan.steps) {
    const forecast = await foreseeStep(deps, foresight, step, { known: false });
    forecasts[step.id] = forecast;
    known.set(step.id, forecast.foreseen);
  }
  return forecasts;
}

function compose(id: string, value: Json, more: JsonObject = {}): JsonObject {
  return { id, uses: 'data.compose', with: { value }, ...more };
}

/** A step with a handler, and one that reads what comes of it. */
function rescued(value: string): JsonObject[] {
  return [
    compose('work', value, { on_failure: { step: 'rescue' } }),
    compose('rescue', 'saved'),
    compose('after', '${{ steps.work.output }}'),
  ];
}

describe('before a run', () => {
  test('a step that would fail is known to, and what follows it does not run', async () => {
    const { first, second, third } = await foresee(
      [
        compose('first', '${{ input.absent }}'),
        compose('second', '${{ steps.first.output }}'),
        compose('third', 'alone'),
      ],
      {},
    );
    expect(first?.failure?.message).toMatch(/input\.absent/);
    expect(second?.verdict).toMatchObject({ runs: false, code: 'needs_failed' });
    expect(third?.verdict).toMatchObject({ runs: true, code: 'always' });
  });

  test('a handler runs when its step is known to fail, stands by when it may, and its output counts', async () => {
    const failing = await foresee(rescued('${{ input.absent }}'), {});
    expect(failing['rescue']?.verdict.runs).toBe(true);
    expect(failing['after']?.input).toMatchObject({ value: 'saved' });
    const fine = await foresee(rescued('done'), {});
    expect(fine['rescue']?.verdict).toMatchObject({ runs: null, code: 'failure_of_another' });
    expect(fine['after']).toMatchObject({ verdict: { runs: true }, input: { value: 'done' } });
  });

  test('a failure that the job goes on from gives null and its status', async () => {
    const { after } = await foresee(
      [
        compose('work', '${{ input.absent }}', { on_failure: 'continue' }),
        compose('after', '${{ steps.work.status + string(steps.work.output == null) }}'),
      ],
      {},
    );
    expect(after?.input).toMatchObject({ value: 'failedtrue' });
  });

  test('what only a run knows is unknown, with the place, and spreads', async () => {
    const { gate, after, other } = await foresee(
      [
        { id: 'event', uses: 'wait', with: { event: 'go' } },
        compose('gate', 1, { if: '${{ steps.event.output.ok }}' }),
        compose('after', '${{ steps.gate.output }}'),
        compose('other', '${{ job.id }}'),
      ],
      {},
    );
    expect(gate?.verdict).toMatchObject({ runs: null, code: 'unknown_values' });
    expect(gate?.verdict.message).toMatch(/steps\.event\.output\.ok/);
    expect(after?.verdict).toMatchObject({ runs: null, code: 'unknown_needs' });
    expect(other?.unknownInput).toMatch(/job\.id/);
  });

  test('a condition that is no truth value, or reads too much, fails its step', async () => {
    const { odd, large } = await foresee(
      [
        compose('odd', 1, { if: '${{ input.text }}' }),
        compose('large', 1, { if: '${{ size(input.text) > 0 }}' }),
      ],
      { text: 'x'.repeat(20_000) },
    );
    expect(odd).toMatchObject({ verdict: { runs: false }, foreseen: { status: 'failed' } });
    expect(large?.verdict.message).toMatch(/bytes/);
  });

  test('maps are computed item by item, up to a bound on what is looked at', async () => {
    const map = compose('each', '${{ item + string(index) }}', { for_each: '${{ input.list }}' });
    const { each } = await foresee([map], { list: ['a', 'b'] });
    expect(each).toMatchObject({ items: 2, foreseen: { output: { known: true } } });
    expect(each?.foreseen.output).toMatchObject({ value: ['a0', 'b1'] });
    const many = { list: Array.from({ length: 1_000 }, () => 'x'.repeat(1_000)) };
    const cut = await foresee([map], many, 10_000);
    expect(cut['each']).toMatchObject({ items: 1_000, foreseen: { output: { known: false } } });
    expect(cut['each']?.unknownInput).toMatch(/left out/);
    const over = await foresee([map], { list: Array.from({ length: 1_001 }, () => 1) });
    expect(over['each']?.failure?.message).toMatch(/at most 1000/);
  });
});
