import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { EventView } from '../src/services/views/jobs/event-view.ts';
import type { JobView } from '../src/services/views/jobs/job-schema.ts';
import { measurePaidCalls, type Bench } from '../test/support/random-faults/measure.ts';
import { startSimulator } from '../test/support/simulator/simulator.ts';
import { basePathOf } from '../test/support/simulator/wire-dialect.ts';
import { makeClient } from './lib/client.ts';
import { freePort, startServer } from './lib/server.ts';
import { newRootKey } from './lib/settings.ts';

/**
 * How many calls are paid for each that is needed when the provider loses five connections in a hundred and lets five
 * more calls time out: jobs of three steps, first with chats, then with work in a queue that can be asked about.
 * Prints a line of JSON for each. Arguments: the number of jobs (500), and the seed (1).
 */
const [JOBS = '500', SEED = '1'] = process.argv.slice(2);
const size = { jobs: Number(JOBS), seed: Number(SEED), lanes: 40 };

const folder = mkdtempSync(join(tmpdir(), 'penstock-paid-calls-'));
const simulator = await startSimulator({});
const rootKey = newRootKey();
const server = await startServer({
  port: await freePort(),
  persistTo: join(folder, 'state'),
  settings: {
    ROOT_API_KEY: rootKey,
    LOG_LEVEL: 'error',
    OPENAI_API_KEY: 'simulated',
    OPENAI_BASE_URL: `${simulator.url}/v1`,
    REPLICATE_API_TOKEN: 'simulated',
    REPLICATE_BASE_URL: `${simulator.url}${basePathOf.replicate}`,
  },
});
const client = makeClient(server.url, rootKey);
const bench: Bench = {
  publish: (definition) => client.put(`/v1/pipelines/${definition.name}`, definition),
  async run(pipeline) {
    let job = await client.post<JobView>(
      '/v1/jobs',
      { pipeline, input: {} },
      { prefer: 'wait=60' },
    );
    // oxlint-disable-next-line no-await-in-loop -- each look waits for the end
    while (!job.terminal) job = await client.get<JobView>(`/v1/jobs/${job.id}`);
    return job;
  },
  async events(id) {
    const page = await client.get<{ data: EventView[] }>(`/v1/jobs/${id}/events?limit=1000`);
    return page.data;
  },
  paid: async (model) => simulator.stats().by_model[model]?.paid ?? 0,
  script: async (rules) => simulator.addRules(...rules),
};
try {
  for (const asking of ['sync', 'queue'] as const) {
    // oxlint-disable-next-line no-await-in-loop -- both measured on a machine that does nothing else
    const measured = await measurePaidCalls(bench, asking, size);
    process.stdout.write(`${JSON.stringify(measured)}\n`);
  }
} finally {
  await server.stop();
  await simulator.close();
  rmSync(folder, { recursive: true, force: true });
}
