import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { unstable_getMiniflareWorkerOptions } from 'wrangler';

import { ROOT } from '../../scripts/lib/server.ts';
import type { Bundle } from './bundle.ts';

export type Runtime = {
  /** The Worker's own socket of the runtime: no development proxy and no entry Worker in between. */
  readonly url: string;
  readonly pid: number;
  readonly miniflare: Miniflare;
  stop(): Promise<void>;
};

export type RuntimeOptions = {
  /** Wake hints in a batch, where not as configured. */
  readonly jobBatchMax?: number;
  /** True for a deployment without Analytics Engine. */
  readonly pointless?: boolean;
  /** Takes log lines; they are printed if absent. */
  readonly takeLog?: () => void;
};

/** Starts a bundle on the runtime with its state on disk, and nothing that records or proxies requests. */
export async function startRuntime(
  bundle: Bundle,
  persistTo: string,
  settings: Readonly<Record<string, string>>,
  { jobBatchMax, pointless = false, takeLog }: RuntimeOptions = {},
): Promise<Runtime> {
  const workerOptions = optionsOf(bundle.config);
  if (pointless) delete workerOptions['analyticsEngineDatasets'];
  for (const [queue, consumer] of Object.entries(workerOptions.queueConsumers)) {
    if (jobBatchMax !== undefined && queue.includes('-jobs-')) consumer.maxBatchSize = jobBatchMax;
  }
  const before = new Set(runtimePids());
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      resourcePersistencePath: persistTo,
      unsafeObservability: false,
      unsafeLocalExplorer: false,
      telemetry: { enabled: false },
      cf: false,
      ...(takeLog === undefined ? {} : { handleStructuredLogs: takeLog }),
      workers: [
        {
          ...workerOptions,
          modulesRoot: bundle.folder,
          modules: [{ type: 'ESModule', path: bundle.main }],
          bindings: { ...workerOptions.bindings, ...settings },
          unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
        },
      ],
    }),
  );
  await miniflare.ready;
  const direct = await miniflare.unsafeGetDirectURL();
  const pid = runtimePids().find((candidate) => !before.has(candidate));
  if (pid === undefined) throw new Error('the runtime has no process');
  return { url: direct.origin, pid, miniflare, stop: () => miniflare.dispose() };
}

type WorkerOptions = Record<string, unknown> & {
  readonly bindings: Record<string, string>;
  readonly queueConsumers: Record<string, { maxBatchSize?: number }>;
};

/** A Worker's bindings as its configuration declares them. */
function optionsOf(config: string): WorkerOptions {
  return unstable_getMiniflareWorkerOptions(config).workerOptions as WorkerOptions;
}

/** Fires a schedule of the Worker's. */
export async function fireSchedule({ miniflare }: Runtime, cron: string): Promise<void> {
  const worker = await miniflare.getWorker();
  await worker.scheduled({ cron });
}

/** Brings a fresh database to the newest version. */
export async function migrate({ miniflare }: Runtime): Promise<void> {
  const db = await miniflare.getD1Database('DB');
  const folder = join(ROOT, 'migrations');
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .toSorted()) {
    const statements = readFileSync(join(folder, file), 'utf8').split('--> statement-breakpoint');
    await db.batch(statements.map((statement) => db.prepare(statement)));
  }
}

/** Processes of the runtime that this process has started. */
function runtimePids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => isOurRuntime(name))
    .map(Number);
}

function isOurRuntime(pid: string): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [, name, parent] = /^\d+ \((.*)\) \S (\d+)/.exec(stat) ?? [];
    return name === 'workerd' && Number(parent) === process.pid;
  } catch {
    return false;
  }
}

export type ProcessUse = {
  readonly rssMb: number;
  readonly peakMb: number;
  readonly cpuMs: number;
};

const TICKS_PER_SECOND = 100;

/** Memory of a process, and the processor time that it has used, in user and system mode. */
export function useOf(pid: number): ProcessUse {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return {
    rssMb: megabytes(status, 'VmRSS'),
    peakMb: megabytes(status, 'VmHWM'),
    cpuMs: (ticks * 1_000) / TICKS_PER_SECOND,
  };
}

function megabytes(status: string, field: string): number {
  return Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1_024);
}
