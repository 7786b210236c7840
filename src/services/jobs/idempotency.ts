import type { Actor } from '../../domain/access.ts';
import { canonicalJson } from '../../domain/canonical.ts';
import type { JobId } from '../../domain/ids.ts';
import type { JobShards } from '../ports/job-shard/job-shard.ts';
import type { JobSnapshot } from '../ports/job-shard/snapshot.ts';
import type { Machine } from '../ports/runtime.ts';
import { refuseAt, type Result } from '../result.ts';

/** What is kept of an idempotency key and of what was sent under it: hashes. */
export type Key = { readonly keyHash: string; readonly bodyHash: string };

/** The hashes of a key and of a request; null without a key. */
export async function hashedKey(
  machine: Machine,
  { project }: Actor,
  idempotencyKey: string | null,
  request: Readonly<Record<string, unknown>>,
): Promise<Key | null> {
  if (idempotencyKey === null) return null;
  return {
    keyHash: await machine.sha256(`${project}\n${idempotencyKey}`),
    bodyHash: await machine.sha256(canonicalJson(request)),
  };
}

/** The shard of a key: its hash, spread over the shards. */
export function shardOfKey({ keyHash }: Key, count: number): number {
  return Number.parseInt(keyHash.slice(0, 8), 16) % count;
}

export function keyReused(jobId: JobId): Result<never> {
  return refuseAt(
    'idempotency_key_reused',
    '/headers/idempotency-key',
    `this Idempotency-Key was used for ${jobId} with a different request; send the same request again, or use a new key`,
  );
}

type Homes = { readonly shards: JobShards };

/** The job under a key, wherever its home is; null when there is none. */
export async function replay(
  deps: Homes,
  actor: Actor,
  key: Key | null,
): Promise<Result<JobSnapshot> | null> {
  if (key === null) return null;
  const shard = shardOfKey(key, deps.shards.count);
  return (await replayFrom(deps, actor, key, shard)) ?? replayFromFormerHome(deps, actor, key);
}

/** After the number of shards changed, a key may lie in the shard that the former number gave it. */
export async function replayFromFormerHome(
  deps: Homes,
  actor: Actor,
  key: Key | null,
): Promise<Result<JobSnapshot> | null> {
  const { count, former } = deps.shards;
  if (key === null || former === null) return null;
  const shard = shardOfKey(key, former);
  return shard === shardOfKey(key, count) ? null : replayFrom(deps, actor, key, shard);
}

async function replayFrom(
  { shards }: Homes,
  { project }: Actor,
  key: Key,
  shard: number,
): Promise<Result<JobSnapshot> | null> {
  const home = shards.of(project, shard);
  const known = await home.findKey(key.keyHash);
  if (known === null) return null;
  if (known.bodyHash !== key.bodyHash) return keyReused(known.jobId);
  const snapshot = await home.read({ jobId: known.jobId, include: [] });
  return snapshot === null ? null : { ok: true, value: snapshot };
}
