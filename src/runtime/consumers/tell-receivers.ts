import type { JobId, ProjectId } from '../../domain/ids.ts';
import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import { formatUsd } from '../../domain/money.ts';
import { isAnnounced, isWanted, type Announcement } from '../../domain/webhook.ts';
import { errorName, type Log } from '../../services/ports/log.ts';
import type { DeliveryOrder, ToldEvents } from '../../services/ports/webhooks.ts';
import { tellEndpoints, type AnnounceDeps } from '../../services/webhooks/delivering/announce.ts';
import { DELIVERY_KEPT_MS } from '../../services/webhooks/schedule.ts';
import { z } from 'zod';

import type { OwnedEntry } from '../d1/history/write-history.ts';

export type TellDeps = AnnounceDeps & { readonly log: Log };

/** What is read of an event in a history message. */
const eventSchema = z.object({
  seq: z.number(),
  type: z.string(),
  at: z.string(),
  step: z.string().optional(),
  item: z.number().optional(),
  attempt: z.number().optional(),
  data: z.json().optional(),
});
type ToldEvent = z.infer<typeof eventSchema>;

/**
 * Hands what happened to jobs to the deliveries of those who want to hear of it. Gives the entries that are stored there,
 * or that nobody wants to hear of; the others are to be told again, which changes nothing where they were told.
 */
export async function tellReceivers(
  deps: TellDeps,
  entries: readonly OwnedEntry[],
): Promise<readonly OwnedEntry[]> {
  const told = await Promise.all(
    [...Map.groupBy(entries, ({ project }) => project)].map(async ([project, its]) => {
      try {
        await Promise.all([tellProject(deps, project, its), tellOwn(deps, project, its)]);
        return its;
      } catch (error) {
        deps.log('warn', 'webhook.not_told', { project, error: errorName(error) });
        return [];
      }
    }),
  );
  return told.flat();
}

async function tellProject(
  deps: TellDeps,
  project: ProjectId,
  entries: readonly OwnedEntry[],
): Promise<void> {
  const told = entries.flatMap((owned) => rangeOf(owned));
  if (told.length === 0) return;
  await tellEndpoints(deps, project, () => entries.flatMap(ordersOf), told);
}

function rangeOf({ entry: { job, events } }: OwnedEntry): ToldEvents[] {
  if (events === null) return [];
  const { first_seq: firstSeq, last_seq: lastSeq } = events;
  return [{ jobId: job.id, firstSeq, lastSeq, before: job.confirmed_seq ?? firstSeq - 1 }];
}

/** A job's own webhook lies with those of the same origin. */
async function tellOwn(
  { deliveriesOf }: TellDeps,
  project: ProjectId,
  entries: readonly OwnedEntry[],
): Promise<void> {
  const orders = entries.flatMap((owned) => {
    const { webhook } = owned.entry.job;
    if (webhook === undefined) return [];
    const { url, events, payload } = webhook;
    return ordersOf(owned)
      .filter(({ announcement }) => isWanted(events, announcement.type))
      .map((order) => ({ ...order, to: { url, payload } }));
  });
  const byOrigin = Map.groupBy(orders, ({ to }) => new URL(to.url).origin);
  await Promise.all(
    [...byOrigin].map(([origin, its]) =>
      deliveriesOf.ofOrigin(project, origin).accept(its, { state: 'active', ordered: false }),
    ),
  );
}

function ordersOf({ entry: { job, events } }: OwnedEntry): DeliveryOrder[] {
  const parsed = (events?.events ?? []).filter(mayBeTold).flatMap((event) => {
    const { data } = eventSchema.safeParse(event);
    return data === undefined ? [] : [data];
  });
  return parsed.map((event) => {
    const announcement = announcementOf(job, event);
    const eraseAtMs = job.stale_at ?? job.expires_at ?? Number.POSITIVE_INFINITY;
    // Deliveries are not kept for so long anyway.
    const isLater = eraseAtMs >= announcement.atMs + DELIVERY_KEPT_MS;
    return {
      announcement,
      ...(isLater ? {} : { eraseAtMs }),
      ...(job.sampled === false ? { sampled: false } : {}),
    };
  });
}

/** Most events are of attempts and steps, of which nobody is told; they are not parsed. */
function mayBeTold(event: unknown): boolean {
  if (!isJsonObject(event)) return false;
  const { type } = event;
  return typeof type === 'string' && isAnnounced(type);
}

type Job = OwnedEntry['entry']['job'];

function announcementOf(job: Job, event: ToldEvent): Announcement {
  const { seq, type } = event;
  return {
    id: announcementId(job.id, seq),
    type,
    atMs: Date.parse(event.at),
    jobId: job.id,
    seq,
    data: {
      job_id: job.id,
      seq,
      ...statusOf(type),
      pipeline: job.pipeline,
      version: job.version,
      ...placeOf(event),
      ...errorOf(event),
      ...costOf(job, seq),
      metadata: job.metadata,
      tags: job.tags,
      request_id: job.request_id,
      trace_id: job.trace_id,
      urls: { self: `/v1/jobs/${job.id}`, events: `/v1/jobs/${job.id}/events` },
    },
  };
}

/** Receivers know repetitions by it: never change how it is made. */
function announcementId(jobId: JobId, seq: number): string {
  return `evt_${jobId.slice('job_'.length)}_${seq}`;
}

/** A job's status after an event of its own; other events leave it as it was. */
function statusOf(type: string): JsonObject {
  if (!type.startsWith('job.')) return {};
  const name = type.slice('job.'.length);
  return { status: name === 'started' || name === 'resumed' ? 'running' : name };
}

function placeOf({ step, item, attempt }: ToldEvent): JsonObject {
  return {
    ...(step === undefined ? {} : { step }),
    ...(item === undefined ? {} : { item }),
    ...(attempt === undefined ? {} : { attempt }),
  };
}

/** Why a job or a step has failed, in the words of its event. */
function errorOf({ type, data }: ToldEvent): JsonObject {
  if (data === undefined || !isJsonObject(data)) return {};
  if (type === 'job.failed') return { error: picked(data, ['code', 'message', 'step']) };
  const failure = data['failure'];
  if (type !== 'step.failed' || failure === undefined || !isJsonObject(failure)) return {};
  return { error: picked(failure, ['class', 'code', 'message', 'status']) };
}

function picked(from: JsonObject, names: readonly string[]): JsonObject {
  const fields = names.flatMap((name): [string, Json][] => {
    const value = from[name];
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(fields);
}

/** At its end, as far as it is known then. */
function costOf(job: Job, seq: number): JsonObject {
  if (job.finished_at === null || seq !== job.seq) return {};
  const { cost_nano_usd: nanoUsd, unpriced_attempts: unpriced } = job;
  return {
    cost: { nano_usd: nanoUsd, usd: formatUsd(nanoUsd), unpriced_attempts: unpriced },
  };
}
