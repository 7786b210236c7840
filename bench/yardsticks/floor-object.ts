import { DurableObject } from 'cloudflare:workers';

import type { FloorJob, FloorParameters } from './model-call.ts';

/** The bindings of the yardstick Worker. */
export type YardstickEnv = {
  readonly FLOOR: DurableObjectNamespace<FloorObject>;
  readonly FLOOR_JOBS: Queue<FloorJob>;
  readonly THREE_CALLS: Workflow<FloorParameters>;
  readonly MODEL_URL: string;
};

const SHARDS = 8;

/** The home of many jobs: it writes a row when a call begins and a row when it has ended, and nothing else. */
export class FloorObject extends DurableObject<YardstickEnv> {
  constructor(ctx: DurableObjectState, env: YardstickEnv) {
    super(ctx, env);
    ctx.storage.sql.exec(
      `CREATE TABLE IF NOT EXISTS calls (job_id TEXT NOT NULL, mark TEXT NOT NULL, at INTEGER NOT NULL,
         body TEXT NOT NULL, PRIMARY KEY (job_id, mark)) WITHOUT ROWID`,
    );
  }

  /** Writes each mark as a row of its own; gives the time. */
  write(jobId: string, marks: readonly string[], body: string): number {
    const atMs = Date.now();
    for (const mark of marks) {
      this.ctx.storage.sql.exec(
        'INSERT INTO calls (job_id, mark, at, body) VALUES (?, ?, ?, ?)',
        jobId,
        mark,
        atMs,
        body,
      );
    }
    return atMs;
  }

  /** When a mark was written; null when it was not. */
  writtenAtMs(jobId: string, mark: string): number | null {
    const [row] = this.ctx.storage.sql
      .exec<{ at: number }>('SELECT at FROM calls WHERE job_id = ? AND mark = ?', jobId, mark)
      .toArray();
    return row?.at ?? null;
  }
}

/** The object that holds a job: one of as many as Penstock has shards. */
export function floorOf(env: YardstickEnv, jobId: string): DurableObjectStub<FloorObject> {
  const shard = Number.parseInt(jobId.slice(-4), 16) % SHARDS;
  return env.FLOOR.getByName(`floor:${shard}`);
}
