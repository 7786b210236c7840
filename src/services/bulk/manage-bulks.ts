import type { Actor, Scope } from '../../domain/access.ts';
import { bulkIdOf, isBulkId, type Bulk, type BulkFilter, type BulkId } from '../../domain/bulk.ts';
import { firstJobIdAt } from '../../domain/ids.ts';
import { jobStatuses, type Correlation } from '../../domain/job/job.ts';
import { parsePipelineReference } from '../../domain/definition/pipeline-reference.ts';
import { hashedKey } from '../jobs/idempotency.ts';
import type { BulkHome, BulkIndex, Bulks } from '../ports/bulk.ts';
import type { JobFilter, JobIndex } from '../ports/job-index.ts';
import type { Machine } from '../ports/runtime.ts';
import { missingScope } from '../access/require-scope.ts';
import { pageOf, type Page } from '../page.ts';
import { done, refuseAt, type Result } from '../result.ts';

export type BulkDeps = {
  readonly bulks: Bulks;
  readonly bulkIndex: BulkIndex;
  readonly jobIndex: JobIndex;
  readonly machine: Machine;
};

/** A filter as it was sent. */
type SentFilter = {
  readonly status?: readonly string[] | undefined;
  /** `name`, or `name@3`. */
  readonly pipeline?: string | undefined;
  readonly version?: number | undefined;
  readonly tag?: string | undefined;
  readonly createdAfter?: string | undefined;
  readonly createdBefore?: string | undefined;
};

export type StartBulk = Pick<Bulk, 'action' | 'rerun' | 'ratePerSecond' | 'limit' | 'dryRun'> & {
  readonly filter: SentFilter;
  readonly idempotencyKey: string | null;
  readonly correlation: Correlation;
};

export type StartedBulk = { readonly kind: 'created' | 'replayed'; readonly bulk: Bulk };

const FILTER_FIELDS = 'status, pipeline, version, tag, created_after, created_before';

/** Begins an action on all jobs that a filter finds, or finds the one that the same key has begun before. */
export async function startBulk(
  deps: BulkDeps,
  actor: Actor,
  start: StartBulk,
): Promise<Result<StartedBulk>> {
  const refused = missingScope(actor, 'jobs:write') ?? missingScope(actor, 'jobs:read');
  if (refused !== null) return refused;
  const { idempotencyKey, correlation: _correlation, ...sent } = start;
  const key = await hashedKey(deps.machine, actor, idempotencyKey, { bulk: sent });
  if (key === null) return begin(deps, actor, start, { id: newId(deps), bodyHash: null });
  const identity = { id: bulkIdOf(key.keyHash), bodyHash: key.bodyHash };
  const known = await deps.bulks.of(actor.project, identity.id).read();
  return known === null ? begin(deps, actor, start, identity) : replayed(known, identity.bodyHash);
}

function newId({ machine }: BulkDeps): BulkId {
  return bulkIdOf(machine.newUuid());
}

async function begin(
  deps: BulkDeps,
  actor: Actor,
  start: StartBulk,
  identity: Pick<Bulk, 'id' | 'bodyHash'>,
): Promise<Result<StartedBulk>> {
  const filter = filterOf(start.filter);
  if (!filter.ok) return filter;
  const bulk = newBulk(actor, start, filter.value, {
    ...identity,
    nowMs: deps.machine.nowMs(),
  });
  const [first] = await deps.jobIndex.list(actor.project, jobFilterOf(bulk), 1);
  if (first === undefined) {
    const message =
      'no job matches this filter, so nothing was created; look at GET /v1/jobs with the same filter, and mind that lists are a moment behind';
    return refuseAt('unprocessable', '/filter', message);
  }
  const stored = await deps.bulks.of(actor.project, bulk.id).start(bulk);
  // Someone else's request under the same key may have come first.
  if (stored.bodyHash !== bulk.bodyHash) return replayed(stored, bulk.bodyHash);
  return done({ kind: 'created', bulk: stored });
}

function replayed(bulk: Bulk, bodyHash: string | null): Result<StartedBulk> {
  if (bulk.bodyHash === bodyHash) return done({ kind: 'replayed', bulk });
  return refuseAt(
    'idempotency_key_reused',
    '/headers/idempotency-key',
    `this Idempotency-Key was used for ${bulk.id} with a different request; send the same request again, or use a new key`,
  );
}

const ANY_PIPELINE = { name: null, version: null };

function filterOf(sent: SentFilter): Result<BulkFilter> {
  const statuses = jobStatuses.filter((status) => sent.status?.includes(status) === true);
  const unknown = sent.status?.find((text) => !jobStatuses.some((status) => status === text));
  if (unknown !== undefined) {
    const message = `${JSON.stringify(unknown)} is not a status; there are ${jobStatuses.join(', ')}`;
    return refuseAt('unprocessable', '/filter/status', message);
  }
  const { name: pipeline, version } =
    sent.pipeline === undefined ? ANY_PIPELINE : parsePipelineReference(sent.pipeline);
  const filter = {
    statuses,
    pipeline,
    version: sent.version ?? version,
    tag: sent.tag ?? null,
    createdAfterMs: timeOf(sent.createdAfter),
    createdBeforeMs: timeOf(sent.createdBefore),
  };
  const { statuses: _statuses, ...others } = filter;
  const conditions = statuses.length + Object.values(others).filter((one) => one !== null).length;
  if (conditions > 0) return done(filter);
  const message = `the filter has no condition and would find every job; give at least one of ${FILTER_FIELDS}`;
  return refuseAt('unprocessable', '/filter', message);
}

function timeOf(text: string | undefined): number | null {
  return text === undefined ? null : Date.parse(text);
}

function newBulk(
  { project, scopes, ...who }: Actor,
  { action, rerun, ratePerSecond, limit, dryRun, correlation }: StartBulk,
  filter: BulkFilter,
  { nowMs, ...identity }: Pick<Bulk, 'id' | 'bodyHash'> & { readonly nowMs: number },
): Bulk {
  const { id, isRoot, maxConcurrentJobs = null } = who;
  return {
    ...identity,
    project,
    action,
    filter,
    rerun,
    ratePerSecond,
    limit,
    dryRun,
    actor: { id, isRoot, maxConcurrentJobs, scopes: [...scopes] },
    correlation,
    createdAtMs: nowMs,
    finishedAtMs: null,
    status: 'running',
    counts: { matched: 0, done: 0, skipped: 0, failed: 0 },
    failures: [],
    cursor: null,
    nextAtMs: nowMs,
    tries: 0,
    told: null,
  };
}

/**
 * What is left for a bulk action: jobs below its cursor, and none that was created when it was or later, so that
 * it never meets what it makes.
 */
export function jobFilterOf({ filter, cursor, createdAtMs }: Bulk): JobFilter {
  const { statuses, pipeline, version, tag, createdAfterMs, createdBeforeMs } = filter;
  const before = firstJobIdAt(Math.min(createdAtMs, createdBeforeMs ?? createdAtMs));
  return {
    statuses,
    pipeline,
    version,
    tag,
    before: cursor !== null && cursor < before ? cursor : before,
    from: createdAfterMs === null ? null : firstJobIdAt(createdAfterMs),
  };
}

export async function readBulk(deps: BulkDeps, actor: Actor, id: string): Promise<Result<Bulk>> {
  return withBulk(deps, actor, { id, scope: 'jobs:read' }, (home) => home.read());
}

/** Ends a bulk action before its next job. One that is over stays as it is. */
export async function abortBulk(deps: BulkDeps, actor: Actor, id: string): Promise<Result<Bulk>> {
  return withBulk(deps, actor, { id, scope: 'jobs:write' }, (home) => home.abort());
}

async function withBulk(
  { bulks }: BulkDeps,
  actor: Actor,
  { id, scope }: { readonly id: string; readonly scope: Scope },
  call: (home: BulkHome) => Promise<Bulk | null>,
): Promise<Result<Bulk>> {
  const refused = missingScope(actor, scope);
  if (refused !== null) return refused;
  const bulk = isBulkId(id) ? await call(bulks.of(actor.project, id)) : null;
  if (bulk !== null) return done(bulk);
  const message = `there is no bulk action ${JSON.stringify(id.slice(0, 80))} in this project`;
  return refuseAt('not_found', '/path/bulk_id', message);
}

/** Bulk actions of the actor's project, newest first; those that run are shown as they stand. */
export async function listBulks(
  { bulks, bulkIndex }: BulkDeps,
  actor: Actor,
  after: string | undefined,
  limit: number,
): Promise<Result<Page<Bulk>>> {
  const refused = missingScope(actor, 'jobs:read');
  if (refused !== null) return refused;
  if (after !== undefined && !isBulkId(after)) {
    const message = '`after` must be the next_cursor of the page before';
    return refuseAt('invalid_request', '/query/after', message);
  }
  const found = await bulkIndex.list(actor.project, after ?? null, limit + 1);
  const { items, nextCursor } = pageOf(found, limit, ({ id }) => id);
  const asTheyStand = await Promise.all(
    items.map(async (bulk) => {
      if (bulk.status !== 'running') return bulk;
      return (await bulks.of(actor.project, bulk.id).read()) ?? bulk;
    }),
  );
  return done({ items: asTheyStand, nextCursor });
}
