import { setTimeout as sleep } from 'node:timers/promises';

import type { EventView } from '../../src/services/views/jobs/event-view.ts';
import type { JobView } from '../../src/services/views/jobs/job-schema.ts';
import type { Client } from './client.ts';

const TIMEOUT_MS = 60_000;
const PAUSE_MS = 30;

export type FollowedJob = { readonly job: JobView; readonly events: readonly EventView[] };

/** Submits a job and tells its story while it happens. */
export async function followJob(
  client: Client,
  body: unknown,
  say: (line: string) => void,
): Promise<FollowedJob> {
  const submitted = await client.post<JobView>('/v1/jobs', body);
  say(`   job ${submitted.id}`);
  const events: EventView[] = [];
  const giveUpAtMs = Date.now() + TIMEOUT_MS;
  const uses = new Map(submitted.steps.map((step) => [step.id, step.uses]));
  const told: Told = { items: new Map(), running: new Map(), uses };
  while (Date.now() < giveUpAtMs) {
    const after = events.at(-1)?.seq ?? 0;
    const page = await client.get<{ data: EventView[] }>(
      `/v1/jobs/${submitted.id}/events?after=${after}&limit=1000`,
    );
    for (const event of page.data) {
      const line = lineOf(event, told);
      if (line !== null) say(`   ${(event.step ?? '').padEnd(14)} ${line}`);
    }
    events.push(...page.data);
    if (page.data.some(({ type }) => isEnd(type))) return ended(client, submitted.id, events, say);
    await sleep(PAUSE_MS);
  }
  throw new Error(`${submitted.id} did not end within ${TIMEOUT_MS / 1_000} s`);
}

function isEnd(type: string): boolean {
  return /^job\.(succeeded|partially_succeeded|failed|cancelled|expired|timed_out)$/.test(type);
}

async function ended(
  client: Client,
  id: string,
  events: readonly EventView[],
  say: (line: string) => void,
): Promise<FollowedJob> {
  const job = await client.get<JobView>(`/v1/jobs/${id}`);
  if (job.status !== 'succeeded') {
    throw new Error(
      `${id} ended as ${job.status}: ${job.status_reason?.message ?? 'no reason given'}`,
    );
  }
  const tookMs = Date.parse(job.finished_at ?? '') - Date.parse(job.created_at);
  say(`   ${'job'.padEnd(14)} succeeded in ${tookMs} ms, cost $${job.cost.usd}\n`);
  return { job, events };
}

type Told = {
  /** How many items each map has. */
  readonly items: Map<string, number>;
  /** The target of the attempt that a step or item is in, by `step` or `step[item]`. */
  readonly running: Map<string, string>;
  readonly uses: ReadonlyMap<string, string>;
};

/** One event as a line, when it is one that a reader wants to see; null for the others. */
function lineOf(event: EventView, told: Told): string | null {
  return LINES[event.type]?.(event, told) ?? null;
}

const LINES: Readonly<Record<string, (event: EventView, told: Told) => string | null>> = {
  'step.queued'({ step = '', data }, told) {
    if (typeof data['items'] === 'number') told.items.set(step, data['items']);
    return null;
  },
  'step.started': ({ step = '' }, told) =>
    `started   ${told.uses.get(step) ?? ''}${itemCount(told, step)}`,
  'attempt.started'(event, told) {
    told.running.set(nameOf(event), targetName(event.data['target']));
    return null;
  },
  'attempt.succeeded': (event, told) =>
    event.item === undefined
      ? `done      ${facts(event.data['facts'], told, nameOf(event))}`
      : null,
  'step.succeeded'({ step = '' }, told) {
    const items = told.items.get(step);
    if (items === undefined) return null;
    return `done      all ${items} items  ${told.running.get(`${step}[0]`) ?? ''}`;
  },
  'attempt.failed': ({ data }) => `failed    ${failure(data['failure'])}`,
  'fallback.taken': ({ data }) => `falls back to ${targetName(data['to'])}`,
};

function nameOf({ step = '', item }: EventView): string {
  return item === undefined ? step : `${step}[${item}]`;
}

function itemCount(told: Told, step: string): string {
  const items = told.items.get(step);
  return items === undefined ? '' : ` over ${items} items, in parallel`;
}

function targetName(value: unknown): string {
  const { provider, model } = fields(value);
  return typeof provider === 'string' ? `${provider}/${String(model)}` : '';
}

function facts(value: unknown, told: Told, name: string): string {
  const { latency_ms: latencyMs, cost_nano_usd: cost } = fields(value);
  const price = typeof cost === 'number' ? `$${(cost / 1e9).toFixed(6)}` : 'cost unknown';
  const target = told.running.get(name) ?? '';
  const who = target === '' ? (told.uses.get(name) ?? '') : target;
  return `${String(latencyMs).padStart(5)} ms  ${price}  ${who}`;
}

function failure(value: unknown): string {
  const { class: failureClass, message } = fields(value);
  return `${String(failureClass)}: ${String(message)}`;
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
