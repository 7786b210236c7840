import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { makeBundle, type Bundle } from './lib/bundle.ts';
import { penstock, type Penstock } from './lib/contestants.ts';
import { closeConnections } from './lib/http.ts';
import { sample } from './lib/measure.ts';
import { publishPipelines } from './lib/pipelines.ts';
import { fireSchedule, migrate, startRuntime, useOf, type Runtime } from './lib/runtime.ts';
import { startSimulatorProcess } from './lib/simulator.ts';
import { spreadOf } from './lib/stats.ts';
import { ROOT } from '../scripts/lib/server.ts';
import { newRootKey } from '../scripts/lib/settings.ts';

/**
 * What observing costs in time: the same three-step jobs on servers that differ in what they tell of them. The servers
 * take turns within each round, so that a busy machine harms all of them alike; figures are ratios to the one that tells
 * nothing. Arguments: rounds, jobs a round.
 */
const [ROUNDS = 10, JOBS = 200] = process.argv.slice(2).map(Number);
const LANES = 16;

const EVERY_MINUTE = '* * * * *';

type Way = 'inline' | 'queued';
const WAYS: readonly Way[] = ['queued', 'inline'];

type Observed = {
  readonly name: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly pointless: boolean;
};

type Contestant = Observed & { readonly runtime: Runtime; readonly api: Penstock };
type Figures = { readonly cpuMs: number; readonly perSecond: number; readonly endP50Ms: number };

const folder = mkdtempSync(join(tmpdir(), 'penstock-observing-'));
let lines = 0;
const opened: { stop(): void | Promise<void> }[] = [];
try {
  await main();
} finally {
  closeConnections();
  for (const each of opened.toReversed()) await each.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

async function main(): Promise<void> {
  const simulator = await startSimulatorProcess();
  opened.push(simulator);
  const collector = await startCollector();
  const bundle = makeBundle(join(ROOT, 'wrangler.toml'), join(folder, 'bundle'));
  const spans = { OTLP_ENDPOINT: collector.url };
  const observed: readonly Observed[] = [
    { name: 'off', settings: { LOG_LEVEL: 'error', METRICS: 'off' }, pointless: true },
    { name: 'metrics', settings: { LOG_LEVEL: 'error' }, pointless: true },
    { name: 'points', settings: { LOG_LEVEL: 'error', METRICS: 'off' }, pointless: false },
    { name: 'logs', settings: { LOG_LEVEL: 'info', METRICS: 'off' }, pointless: true },
    { name: 'all three', settings: { LOG_LEVEL: 'info' }, pointless: false },
    { name: 'and spans', settings: { LOG_LEVEL: 'info', ...spans }, pointless: false },
  ];
  const contestants: Contestant[] = [];
  for (const each of observed) contestants.push(await start(each, bundle, simulator.url));
  for (const each of contestants) for (const way of WAYS) await round(each, way);

  const rounds = new Map<string, Figures[]>();
  for (let index = 0; index < ROUNDS; index += 1) {
    for (const way of WAYS) {
      for (const each of rotated(contestants, index)) {
        const key = `${each.name}, ${way}`;
        rounds.set(key, [...(rounds.get(key) ?? []), await round(each, way)]);
      }
    }
  }
  for (const way of WAYS) {
    const base = rounds.get(`off, ${way}`) ?? [];
    for (const { name } of contestants)
      report(name, way, rounds.get(`${name}, ${way}`) ?? [], base);
  }
  process.stdout.write(`${lines} log lines, ${collector.spans()} spans\n`);
}

async function start(
  observed: Observed,
  bundle: Bundle,
  simulatorUrl: string,
): Promise<Contestant> {
  const key = newRootKey();
  const settings = {
    ROOT_API_KEY: key,
    OPENAI_API_KEY: 'simulated',
    OPENAI_BASE_URL: simulatorUrl,
    ...observed.settings,
  };
  const state = join(folder, `state ${opened.length}`);
  const runtime = await startRuntime(bundle, state, settings, {
    pointless: observed.pointless,
    takeLog: () => {
      lines += 1;
    },
  });
  opened.push(runtime);
  await migrate(runtime);
  return { ...observed, runtime, api: await publishPipelines(runtime.url, key) };
}

/** Jobs from first submit to last end, and the roll-up of the minute after them. */
async function round({ runtime, api }: Contestant, way: Way): Promise<Figures> {
  const before = useOf(runtime.pid).cpuMs;
  const size = { jobs: JOBS, lanes: LANES, waits: way === 'inline' };
  const { perSecond, endP50Ms } = await sample(penstock(api, 'three', way), 0, size);
  await fireSchedule(runtime, EVERY_MINUTE);
  const cpuMs = (useOf(runtime.pid).cpuMs - before) / JOBS;
  return { cpuMs, perSecond, endP50Ms };
}

function rotated<Value>(values: readonly Value[], by: number): Value[] {
  const first = by % values.length;
  return [...values.slice(first), ...values.slice(0, first)];
}

function report(
  name: string,
  way: Way,
  figures: readonly Figures[],
  base: readonly Figures[],
): void {
  const ratio = (of: (each: Figures) => number) =>
    spreadOf(figures.map((each, index) => of(each) / of(base[index] ?? each)));
  const line = {
    what: `${name}, ${way}`,
    cpu_ms_per_job: spreadOf(figures.map(({ cpuMs }) => cpuMs)),
    cpu_ratio: ratio(({ cpuMs }) => cpuMs),
    jobs_per_second_ratio: ratio(({ perSecond }) => perSecond),
    end_p50_ratio: ratio(({ endP50Ms }) => endP50Ms),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

type Collector = { readonly url: string; readonly spans: () => number };

/** Takes what is exported, and counts it. */
async function startCollector(): Promise<Collector> {
  let spans = 0;
  const server: Server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    request.once('end', () => {
      spans += text.split('"spanId"').length - 1;
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push({
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, spans: () => spans };
}
