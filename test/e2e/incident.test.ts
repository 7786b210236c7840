import { expect, test } from 'vitest';

import { newTenant, type Api } from './support/api.ts';
import { publish } from './support/jobs.ts';
import { chatPipeline } from './support/pipelines.ts';
import { newModel } from './support/simulator-client.ts';
import { phases, sizes, type Size } from './incident/phases.ts';
import { figuresOf, tellIncident, type PhaseFigures } from './incident/report.ts';
import {
  scriptIncident,
  servedBy,
  streamJobs,
  type Served,
  type Targets,
} from './incident/stream.ts';

/**
 * An incident at the first target of a route, from slow over overloaded and refusing to dead and back, under a steady
 * stream of jobs. `PENSTOCK_TEST_SIZE=full` lasts for minutes; `PENSTOCK_INCIDENT_REPORT` names a file for the table.
 */
const size: Size = process.env['PENSTOCK_TEST_SIZE'] === 'full' ? sizes.full : sizes.quick;

/** The first target serves again when so many jobs in a row came from it. */
const IN_A_ROW = 10;

async function incident(api: Api, targets: Targets): Promise<readonly PhaseFigures[]> {
  const figures: PhaseFigures[] = [];
  for (const [index, phase] of phases.entries()) {
    const sinceMs = performance.now();
    const passedMs = (): number => performance.now() - sinceMs;
    const isLast = index === phases.length - 1;
    const goesOn = (served: readonly Served[]): boolean =>
      passedMs() < size.phaseMs || (isLast && passedMs() < size.backMs && !isBack(served, targets));
    const result = await streamJobs(
      api,
      { phase, index, targets },
      { everyMs: size.everyMs, goesOn },
    );
    figures.push(figuresOf(result, targets));
  }
  return figures;
}

function isBack(served: readonly Served[], { first }: Targets): boolean {
  const last = served.slice(-IN_A_ROW);
  return last.length === IN_A_ROW && last.every((one) => servedBy(one) === first);
}

test(
  'through an incident every job succeeds, and no call is paid for that no job needed',
  async () => {
    const targets = { first: newModel(), second: newModel() };
    const route = {
      targets: [
        { provider: 'openai', model: targets.first },
        { provider: 'groq', model: targets.second },
      ],
    };
    const api = await newTenant();
    await publish(api, chatPipeline('', { route }));
    await scriptIncident(phases, targets);
    const figures = await incident(api, targets);
    tellIncident(figures);
    const [healthy, slow, overloaded, refusing, dead, back] = figures;
    for (const { jobs, succeeded, paidCalls } of figures) {
      expect({ succeeded, paidCalls }).toEqual({ succeeded: jobs, paidCalls: jobs });
    }
    expect([healthy, slow].map((each) => each?.servedBySecond)).toEqual([0, 0]);
    expect(overloaded?.servedBySecond).toBeGreaterThan(0);
    for (const each of [refusing, dead]) {
      expect(each?.servedBySecond).toBe(each?.jobs);
      expect(each?.callsToFirst).toBeLessThan(each?.jobs ?? 0);
    }
    expect(back?.servedBySecond).toBeLessThan(back?.jobs ?? 0);
  },
  phases.length * size.phaseMs + size.backMs + 120_000,
);
