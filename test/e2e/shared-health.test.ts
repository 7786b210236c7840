import { describe, expect, test } from 'vitest';

import type { JsonObject } from '../../src/domain/json.ts';
import type { JobView } from '../../src/services/views/jobs/job-schema.ts';
import { newTenant, type Api } from './support/api.ts';
import { ended, eventsOf, publish, readJob, run, submit, typesOf } from './support/jobs.ts';
import { chatPipeline, question } from './support/pipelines.ts';
import { LIMITED_MODEL } from './support/settings.ts';
import { addRules, callsOf, newModel, statsOf } from './support/simulator-client.ts';
import { until } from './support/until.ts';

function both(first: string, second: string): JsonObject {
  return {
    targets: [
      { provider: 'openai', model: first },
      { provider: 'groq', model: second },
    ],
  };
}

/** A job whose first attempt has ended so. */
function withOutcome(api: Api, id: string, outcome: string): Promise<JobView> {
  return until(`${id} ${outcome}`, async () => {
    const job = await readJob(api, id);
    return job.steps[0]?.attempts[0]?.outcome === outcome && job;
  });
}

describe('what one project finds out about a target', () => {
  test('spares the others the call, and their jobs go on at the next target', async () => {
    const [down, well] = [newModel(), newModel()];
    await addRules({ match: { model: down }, fault: { status: 401 } });
    const route = both(down, well);
    const api = await newTenant();
    await publish(api, chatPipeline('', { route }));
    const first = await run(api, question());
    expect(first.status).toBe('succeeded');
    expect(first.steps[0]?.attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'succeeded']);
    const other = await newTenant();
    await publish(other, chatPipeline('', { route }));
    const job = await run(other, question());
    expect(job.status).toBe('succeeded');
    expect(job.steps[0]?.attempts).toMatchObject([
      {
        outcome: 'declined',
        target: { model: down },
        declined: { reason: 'circuit_open', times: 1 },
      },
      { outcome: 'succeeded', target: { model: well } },
    ]);
    expect(await callsOf(down)).toHaveLength(1);
    const events = await eventsOf(other, job.id);
    expect(typesOf(events)).toEqual(
      expect.arrayContaining(['target.skipped', 'attempt.declined', 'fallback.taken']),
    );
  });

  test('lets jobs without another target wait, and say for what', async () => {
    const model = newModel();
    await addRules({ match: { model }, times: 1, fault: { status: 429, retry_after: 10 } });
    const api = await newTenant();
    await publish(api, chatPipeline(model));
    const first = await submit(api, question());
    await withOutcome(api, first.id, 'failed');
    const second = await submit(api, question('And you?'));
    const waiting = await withOutcome(api, second.id, 'declined');
    expect(waiting.waiting_on).toMatchObject({ kind: 'rate_limit', key: 'ask' });
    expect(waiting.steps[0]?.attempts).toMatchObject([
      { outcome: 'declined', declined: { reason: 'cooling_down' } },
    ]);
    expect(await ended(api, first.id)).toMatchObject({ status: 'succeeded' });
    expect(await ended(api, second.id)).toMatchObject({ status: 'succeeded' });
    const [limited, ...later] = (await callsOf(model)).map(({ at }) => Date.parse(at));
    expect(later).toHaveLength(2);
    expect(Math.min(...later) - (limited ?? 0)).toBeGreaterThanOrEqual(9_900);
  });
});

test('a limit of the deployment on calls at once is never exceeded, and every job comes through', async () => {
  await addRules({ match: { model: LIMITED_MODEL }, fault: { latency_ms: 300 } });
  const api = await newTenant();
  await publish(api, chatPipeline(LIMITED_MODEL));
  const jobs = await Promise.all(
    Array.from({ length: 10 }, (_, index) => submit(api, question(`Question ${index}?`))),
  );
  for (const { id } of jobs) expect(await ended(api, id)).toMatchObject({ status: 'succeeded' });
  expect((await statsOf(LIMITED_MODEL))?.peak_concurrency).toBe(2);
});

test('a route that asks the fastest goes by what was measured, not by its list', async () => {
  const [slow, quick] = [newModel(), newModel()];
  await addRules({ match: { model: slow }, fault: { latency_ms: 400 } });
  const api = await newTenant();
  const route = { ...both(slow, quick), strategy: { mode: 'fastest' } };
  const first = async (definition: JsonObject): Promise<string | undefined> => {
    await publish(api, chatPipeline('', { route: definition }));
    const job = await run(api, question());
    return job.steps[0]?.attempts[0]?.target?.model;
  };
  expect(await first(route)).toBe(slow);
  for (const [provider, model] of [
    ['openai', slow],
    ['groq', quick],
  ] as const) {
    await publish(api, chatPipeline('', { route: { targets: [{ provider, model }] } }));
    await Promise.all(Array.from({ length: 6 }, () => run(api, question())));
  }
  // Runners tell gates of good calls every two seconds, and hear then what others have told.
  await until('the quick one first', async () => (await first(route)) === quick);
});
