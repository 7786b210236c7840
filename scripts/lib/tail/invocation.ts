import { isRecord } from './cut-output.ts';
import { jsonText } from './printable.ts';

/** What the platform tells of an invocation, as `wrangler tail --format json` prints it. */
export type Told = Readonly<Record<string, unknown>>;

/** Ends after which nothing is wrong with the Worker: whoever had asked went away. */
const LEFT: ReadonlySet<unknown> = new Set(['canceled', 'responseStreamDisconnected']);

export function wasLeft({ outcome }: Told): boolean {
  return LEFT.has(outcome);
}

/** What was invoked, and how long it took; not the address of a request, which may say more than the operator's. */
export function invoked({ event, entrypoint, wallTime, cpuTime }: Told): Told {
  return {
    trigger: isRecord(event) ? triggerOf(event) : null,
    entrypoint: entrypoint ?? null,
    latency_ms: wallTime ?? null,
    cpu_ms: cpuTime ?? null,
  };
}

function triggerOf(event: Told): string {
  const { request, cron, queue, batchSize, rpcMethod, scheduledTime } = event;
  if (isRecord(request)) return `request ${textOf(request['method'])}`;
  if (cron !== undefined) return `cron ${textOf(cron)}`;
  if (queue !== undefined) return `queue ${textOf(queue)} (${textOf(batchSize)})`;
  if (rpcMethod !== undefined) return `rpc ${textOf(rpcMethod)}`;
  return scheduledTime === undefined ? 'other' : 'alarm';
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : jsonText(value);
}

/** The jobs that lines name, each once: what befalls an invocation befalls them. */
export function jobsNamed(lines: readonly { readonly fields: Told }[]): { jobs?: string[] } {
  const ids = lines.map(({ fields }) => fields['job_id']);
  const jobs = [...new Set(ids.filter((id) => typeof id === 'string'))];
  return jobs.length === 0 ? {} : { jobs };
}
