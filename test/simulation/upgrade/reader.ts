import { isDeepStrictEqual } from 'node:util';

import type { JobId } from '../../../src/domain/ids.ts';
import { foldEvent, unbornState } from '../../../src/engine/fold/fold.ts';
import { throughJson } from '../../support/shard-driver.ts';
import type { World } from '../../support/shard-world.ts';
import { databaseOf, finishAll, jobsOf, worldOver, type StoredShard } from './stored-shard.ts';

/** What a release makes of a shard's storage. Its shape stays: snapshots of former releases give it too. */
export type Reading = {
  /** The status of every job as it was found, and as it ended. */
  readonly found: Readonly<Record<string, string>>;
  readonly ended: Readonly<Record<string, string>>;
  /** Jobs whose events did not tell their stored state, before or after they were carried on. */
  readonly unlike: readonly string[];
  /** What was logged as an error. */
  readonly errors: readonly string[];
  readonly left: StoredShard;
};

/**
 * Opens a database as it lies on disk, loads every job as a client would see it, and carries those that are not over
 * to their ends: with the shard, the runner and the steps that this file is bundled with.
 */
export async function readAndFinish(shard: StoredShard): Promise<Reading> {
  const world = worldOver(shard);
  const { driver } = world;
  const found = await statusesOf(world);
  const before = unlike(world);
  await finishAll(world);
  const ended = await statusesOf(world);
  return {
    found,
    ended,
    unlike: [...before, ...unlike(world)],
    errors: driver.logs.filter(({ level }) => level === 'error').map(({ event }) => event),
    left: databaseOf(driver, shard.phases),
  };
}

async function statusesOf(world: World): Promise<Record<string, string>> {
  const views = await Promise.all(jobsOf(world).map((jobId) => world.view(jobId)));
  return Object.fromEntries(views.map(({ id, status }) => [id, status]));
}

function unlike(world: World): JobId[] {
  return jobsOf(world).filter((jobId) => {
    const state = world.driver.state(jobId);
    const unborn = unbornState(state.birth, Object.keys(state.steps));
    const told = throughJson(world.driver.events(jobId).reduce(foldEvent, unborn));
    return !isDeepStrictEqual(told, throughJson(state));
  });
}
