import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { ROOT } from '../scripts/lib/server.ts';
import { newRootKey } from '../scripts/lib/settings.ts';
import { makeBundle } from './lib/bundle.ts';
import { penstock } from './lib/contestants.ts';
import { plus, type Counts } from './lib/cost.ts';
import { countDeletion, countJobs, SHORT_RETENTION, type CountedJob } from './lib/count-jobs.ts';
import { closeConnections } from './lib/http.ts';
import { sample } from './lib/measure.ts';
import { publishPipelines } from './lib/pipelines.ts';
import { printReport, reportOf } from './lib/report.ts';
import { migrate, startRuntime, useOf, type Runtime } from './lib/runtime.ts';
import { seedFinishedJobs } from './lib/seed.ts';
import { startSimulatorProcess } from './lib/simulator.ts';
import {
  allTrials,
  FULL,
  LATENCIES,
  penstockTrials,
  QUICK,
  runTrials,
  type Row,
} from './lib/timings.ts';

const usage = `Measures Penstock against yardsticks, in one run, on the local runtime.

  --quick   fewer jobs and two repeats
  --seeded  also measures with 200,000 finished jobs stored
  --json    prints JSON, and progress on the error channel
`;
const SEEDED_JOBS = 200_000;
/** Wake hints in a batch as `wrangler.toml` has it for production; the local figure is larger. */
const PRODUCTION_BATCH_MAX = 5;
const SEEDED_JOBS_QUICK = 20_000;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    seeded: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const sizes = values.quick ? QUICK : FULL;
const folder = mkdtempSync(join(tmpdir(), 'penstock-bench-'));
const config = join(ROOT, 'wrangler.toml');
const opened: { stop(): void | Promise<void> }[] = [];

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function open<Opened extends { stop(): void | Promise<void> }>(
  opening: Promise<Opened>,
): Promise<Opened> {
  const made = await opening;
  opened.push(made);
  return made;
}

/** The Worker with counters around the platform, with batches as production has them. */
async function openCounter(
  bundle: Parameters<typeof startRuntime>[0],
  name: string,
  settings: Readonly<Record<string, string>>,
): Promise<Runtime> {
  const runtime = await open(
    startRuntime(bundle, join(folder, name), settings, { jobBatchMax: PRODUCTION_BATCH_MAX }),
  );
  await migrate(runtime);
  return runtime;
}

async function main(): Promise<void> {
  say('bundling');
  const bundle = makeBundle(config, join(folder, 'penstock'));
  const yardsticks = makeBundle(
    join(ROOT, 'bench/yardsticks/wrangler.toml'),
    join(folder, 'yardsticks'),
  );
  const counting = makeBundle(config, join(folder, 'counting'), 'bench/counting/index.ts');
  const simulator = await open(startSimulatorProcess());
  const rootKey = newRootKey();
  const settings = {
    ROOT_API_KEY: rootKey,
    LOG_LEVEL: 'error',
    OPENAI_API_KEY: 'simulated',
    OPENAI_BASE_URL: simulator.url,
  };

  say('counting');
  const counter = await openCounter(counting, 'counted', settings);
  const publishedTo = (url: string) => publishPipelines(url, rootKey, SHORT_RETENTION);
  const counted = await countJobs(counter, await publishedTo(counter.url), values.quick ? 64 : 128);
  await counter.stop();
  const eraser = await openCounter(counting, 'erased', settings);
  const deleting = countDeletion(eraser, await publishedTo(eraser.url));

  const state = join(folder, 'state');
  const runtime = await open(startRuntime(bundle, state, settings));
  await migrate(runtime);
  const yard = await open(
    startRuntime(yardsticks, join(folder, 'yard'), { MODEL_URL: simulator.url }),
  );
  const api = await publishPipelines(runtime.url, rootKey);
  const trials = allTrials({ modelUrl: simulator.url, yardsticks: yard.url, penstock: api });
  const startRssMb = useOf(runtime.pid).rssMb;
  const rows = await runTrials(trials, LATENCIES, sizes, say);
  const memory = {
    startMb: startRssMb,
    endMb: useOf(runtime.pid).rssMb,
    peakMb: useOf(runtime.pid).peakMb,
  };
  const cpuMsPerJob = {
    penstock: await cpuOf(runtime, () =>
      sample(penstock(api, 'three', 'queued'), 0, { jobs: 128, lanes: 32, waits: false }),
    ),
  };
  say('waiting for retention to delete what was counted');
  const deletion = await deleting;
  await eraser.stop();
  await yard.stop();
  const seeded = values.seeded
    ? await measureSeeded(runtime, api.key, state, settings, bundle)
    : null;
  const report = reportOf({
    quick: values.quick,
    rows,
    memory,
    cpuMsPerJob: cpuMsPerJob.penstock / 128,
    jobs: counted.map((job) => withDeletion(job, deletion)),
    deletion,
    seeded,
  });
  process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : printReport(report));
}

/** What is deleted is counted for the three-step job only. */
function withDeletion(job: CountedJob, deletion: Counts): CountedJob {
  if (!job.name.startsWith('three')) return job;
  return { ...job, counts: plus(job.counts, deletion) };
}

async function cpuOf(runtime: Runtime, work: () => Promise<unknown>): Promise<number> {
  const beforeMs = useOf(runtime.pid).cpuMs;
  await work();
  return useOf(runtime.pid).cpuMs - beforeMs;
}

type Seeded = {
  readonly jobs: number;
  readonly before: readonly Row[];
  readonly after: readonly Row[];
};

/** Measures, stops the runtime, stores finished jobs behind its back, starts it again and measures again. */
async function measureSeeded(
  runtime: Runtime,
  key: string,
  state: string,
  settings: Readonly<Record<string, string>>,
  bundle: Parameters<typeof startRuntime>[0],
): Promise<Seeded> {
  const before = await runTrials(penstockTrials({ url: runtime.url, key }), [0], sizes, say);
  await runtime.stop();
  say('storing finished jobs');
  const jobs = seedFinishedJobs(state, values.quick ? SEEDED_JOBS_QUICK : SEEDED_JOBS);
  const again = await open(startRuntime(bundle, state, settings));
  const after = await runTrials(penstockTrials({ url: again.url, key }), [0], sizes, say);
  return { jobs, before, after };
}

if (values.help) {
  process.stdout.write(usage);
} else {
  try {
    await main();
  } finally {
    closeConnections();
    for (const { stop } of opened.toReversed()) await Promise.resolve(stop()).catch(() => {});
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
