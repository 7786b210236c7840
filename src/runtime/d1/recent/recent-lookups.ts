import type { ProjectId } from '../../../domain/ids.ts';
import type { AccessStore } from '../../../services/ports/access.ts';
import type { Pipelines } from '../../../services/ports/pipelines.ts';
import type { Prices } from '../../../services/ports/prices.ts';
import type { WebhookEndpoints } from '../../../services/ports/webhooks.ts';
import { FORGOTTEN_AFTER_MS, remembering, type Clock } from './remember.ts';

/**
 * What every request asks D1 for, remembered as `remember.ts` says: the key, the newest version of a pipeline, a
 * project's prices and webhook endpoints. Of keys and pipelines only what exists is remembered, so that new ones need
 * no wait.
 */
export function withRecentKeys(access: AccessStore, clock: Clock): AccessStore {
  const findKey = remembering(clock, (id: string) => access.findKey(id), { keyOf: String });
  return {
    ...access,
    findKey: (id) => findKey(id),
    async limitProject(id, maxConcurrentJobs) {
      const project = await access.limitProject(id, maxConcurrentJobs);
      await clock.wait(FORGOTTEN_AFTER_MS);
      return project;
    },
    async deleteKey(project, id) {
      const deleted = await access.deleteKey(project, id);
      await clock.wait(FORGOTTEN_AFTER_MS);
      return deleted;
    },
  };
}

export function withRecentHeads(pipelines: Pipelines, clock: Clock): Pipelines {
  const head = remembering(clock, pipelines.head.bind(pipelines), {
    keyOf: (project, name, version) => [project, name, version ?? ''].join('/'),
  });
  return {
    ...pipelines,
    head,
    async add(project, version) {
      const added = await pipelines.add(project, version);
      if (added.version.version === 1) return added;
      await untilKnown(clock, added.created ? clock.nowMs() : added.version.createdAtMs);
      return added;
    },
  };
}

export function withRecentPrices(prices: Prices, clock: Clock): Prices {
  const list = remembering(clock, (project: ProjectId) => prices.list(project), {
    keyOf: String,
  });
  return {
    list: async (project) => (await list(project)) ?? [],
    async put(project, price) {
      const put = await prices.put(project, price);
      if (put.kind === 'stored') await clock.wait(FORGOTTEN_AFTER_MS);
      return put;
    },
    async delete(project, id) {
      const deleted = await prices.delete(project, id);
      await clock.wait(FORGOTTEN_AFTER_MS);
      return deleted;
    },
  };
}

/** A project without endpoints is remembered as well: whoever makes the first one waits like those who change one. */
export function withRecentEndpoints(endpoints: WebhookEndpoints, clock: Clock): WebhookEndpoints {
  const list = remembering(clock, (project: ProjectId) => endpoints.list(project), {
    keyOf: String,
  });
  const known = async (project: ProjectId) => (await list(project)) ?? [];
  const settled = async (changed: boolean): Promise<boolean> => {
    if (changed) await clock.wait(FORGOTTEN_AFTER_MS);
    return changed;
  };
  return {
    list: known,
    get: async (project, id) => (await known(project)).find((each) => each.id === id) ?? null,
    insert: async (...asked) => settled(await endpoints.insert(...asked)),
    async madeUnder(...asked) {
      const made = await endpoints.madeUnder(...asked);
      await untilKnown(clock, made?.endpoint.createdAtMs);
      return made;
    },
    removed: (...asked) => endpoints.removed(...asked),
    change: async (...asked) => settled(await endpoints.change(...asked)),
    rotate: async (...asked) => settled(await endpoints.rotate(...asked)),
    moveState: async (...asked) => settled(await endpoints.moveState(...asked)),
    remove: async (...asked) => settled(await endpoints.remove(...asked)),
  };
}

/** What was there already may have come a moment ago, by a request whose answer was lost. */
async function untilKnown(clock: Clock, createdAtMs = -Infinity): Promise<void> {
  const ageMs = Math.max(0, clock.nowMs() - createdAtMs);
  if (ageMs < FORGOTTEN_AFTER_MS) await clock.wait(FORGOTTEN_AFTER_MS - ageMs);
}
