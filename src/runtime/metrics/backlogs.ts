import { z } from 'zod';

import { isProjectId, type ProjectId } from '../../domain/ids.ts';
import { inLanes } from '../../services/in-lanes.ts';
import type { Backlog, Backlogs, QueueState } from '../../services/ports/backlogs.ts';
import { within } from '../../services/within.ts';
import { machine } from '../machine.ts';

type BacklogDeps = {
  readonly db: D1Database;
  readonly shards: DurableObjectNamespace;
  /** By the names of their bindings. */
  readonly queues: readonly (readonly [name: string, queue: Pick<Queue, 'metrics'>])[];
};

const shardRow = z.object({ project: z.string(), shard: z.number() });
const queueMetrics = z.object({
  backlogCount: z.number(),
  backlogBytes: z.number(),
  oldestMessageTimestamp: z.date().nullish(),
});

const AT_ONCE = 6;
/** A queue or a shard that has not answered by then is told as not answering. */
const PATIENCE_MS = 5_000;
const SILENT = 'the queue did not answer';

export function makeBacklogs({ db, shards, queues }: BacklogDeps): Backlogs {
  return {
    queues: () => Promise.all(queues.map(([name, queue]) => stateOf(name, queue))),
    async shards(project) {
      const { results } = await db
        .prepare(`SELECT project, shard FROM known_shards WHERE ?1 = '' OR project = ?1`)
        .bind(project ?? '')
        .all();
      const known = results.map((row) => shardRow.parse(row));
      return inLanes(AT_ONCE, known, async (row) =>
        isProjectId(row.project) ? backlogOf(shards, row.project, row.shard) : null,
      );
    },
  };
}

async function stateOf(name: string, queue: Pick<Queue, 'metrics'>): Promise<QueueState> {
  const nothing = { queue: name, messages: null, bytes: null, oldestAtMs: null };
  if (typeof queue.metrics !== 'function') {
    return { ...nothing, unavailable: 'this runtime does not tell how its queues stand' };
  }
  try {
    const answer = await within(machine, PATIENCE_MS, queue.metrics());
    if (answer === null) return { ...nothing, unavailable: SILENT };
    const told = queueMetrics.safeParse(answer);
    if (!told.success) {
      return { ...nothing, unavailable: 'the queue answered in a way that is not understood' };
    }
    const { backlogCount: messages, backlogBytes: bytes, oldestMessageTimestamp } = told.data;
    const oldestAtMs = oldestMessageTimestamp?.getTime() ?? 0;
    const known = messages > 0 && oldestAtMs > 0;
    return {
      queue: name,
      messages,
      bytes,
      oldestAtMs: known ? oldestAtMs : null,
      unavailable: null,
    };
  } catch {
    return { ...nothing, unavailable: SILENT };
  }
}

async function backlogOf(
  shards: DurableObjectNamespace,
  project: ProjectId,
  shard: number,
): Promise<Backlog | null> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the namespace is bound to JobShardObject, which has this method
  const stub = shards.getByName(`${project}:${shard}`) as unknown as {
    backlog(): Promise<Backlog>;
  };
  try {
    return await within(machine, PATIENCE_MS, stub.backlog());
  } catch {
    return null;
  }
}
