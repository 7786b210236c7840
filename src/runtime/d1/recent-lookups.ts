import type { ProjectId } from '../../domain/ids.ts';
import type { AccessStore } from '../../services/ports/access.ts';
import type { Pipelines } from '../../services/ports/pipelines.ts';
import type { Prices } from '../../services/ports/prices.ts';
import type { Machine } from '../../services/ports/runtime.ts';
import type { WebhookEndpoints } from '../../services/ports/webhooks.ts';

/**
 * What every request asks D1 for, the key, the newest version of a pipeline, a project's prices and webhook endpoints,
 * is remembered for a second in each isolate. Nobody sees an old answer all the same: whoever changes one of them is answered only when every memory
 * of what was before has run out. Of keys and pipelines only
 * what exists is remembered, so that new ones need no such wait.
 */
const KEPT_MS = 1_000;
/** Longer than `KEPT_MS` by what a Worker's clock, which stands still while it computes, may lag behind. */
const FORGOTTEN_AFTER_MS = 1_200;
const ENTRIES_MAX = 1_000;

type Clock = Pick<Machine, 'nowMs' | 'wait'>;

export function withRecentKeys(access: AccessStore, clock: Clock): AccessStore {
  const findKey = remembering(clock, (id: string) => access.findKey(id), String);
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
  const head = remembering(clock, pipelines.head.bind(pipelines), (project, name, version) =>
    [project, name, version ?? ''].join('/'),
  );
  return {
    ...pipelines,
    head,
    async add(project, version) {
      const added = await pipelines.add(project, version);
      if (added.version.version === 1) return added;
      // A version that was there already may have come a moment ago, from a call whose answer was lost.
      const ageMs = added.created ? 0 : Math.max(0, clock.nowMs() - added.version.createdAtMs);
      if (ageMs < FORGOTTEN_AFTER_MS) await clock.wait(FORGOTTEN_AFTER_MS - ageMs);
      return added;
    },
  };
}

export function withRecentPrices(prices: Prices, clock: Clock): Prices {
  const list = remembering(clock, (project: ProjectId) => prices.list(project), String);
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
  const list = remembering(clock, (project: ProjectId) => endpoints.list(project), String);
  const known = async (project: ProjectId) => (await list(project)) ?? [];
  const settled = async (changed: boolean): Promise<boolean> => {
    if (changed) await clock.wait(FORGOTTEN_AFTER_MS);
    return changed;
  };
  return {
    list: known,
    get: async (project, id) => (await known(project)).find((each) => each.id === id) ?? null,
    insert: async (...asked) => settled(await endpoints.insert(...asked)),
    change: async (...asked) => settled(await endpoints.change(...asked)),
    rotate: async (...asked) => settled(await endpoints.rotate(...asked)),
    moveState: async (...asked) => settled(await endpoints.moveState(...asked)),
    remove: async (...asked) => settled(await endpoints.remove(...asked)),
  };
}

/**
 * Answers are kept, never promises: a Worker must not wait for what another request has begun. An answer's age counts
 * from before it was asked for.
 */
function remembering<Asked extends unknown[], Value>(
  clock: Clock,
  ask: (...asked: Asked) => Promise<Value | null>,
  keyOf: (...asked: Asked) => string,
): (...asked: Asked) => Promise<Value | null> {
  const recent = new Map<string, { readonly value: Value; readonly askedAtMs: number }>();
  return async (...asked) => {
    const key = keyOf(...asked);
    const askedAtMs = clock.nowMs();
    const known = recent.get(key);
    if (known !== undefined) {
      const ageMs = askedAtMs - known.askedAtMs;
      if (ageMs >= 0 && ageMs < KEPT_MS) return known.value;
      recent.delete(key);
    }
    const value = await ask(...asked);
    if (value === null) return null;
    if (recent.size >= ENTRIES_MAX) recent.clear();
    recent.set(key, { value, askedAtMs });
    return value;
  };
}
