import type { D1Migration } from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';

import type { ProjectId } from '../../../src/domain/ids.ts';
import { makeJobShards } from '../../../src/runtime/shard-client.ts';
import type { JobShard } from '../../../src/services/ports/job-shard/job-shard.ts';

/** What the test configuration adds to the Worker's bindings. */
export function migrations(): D1Migration[] {
  return Reflect.get(env, 'TEST_MIGRATIONS') as D1Migration[];
}

/** A shard as other parts of the Worker reach it. */
export function shardOfProject(project: ProjectId, shard: number): JobShard {
  return makeJobShards(env.JOB_SHARD, 8, null).of(project, shard);
}

type QueueOutcome = {
  readonly explicitAcks: readonly string[];
  readonly retryMessages: readonly { readonly msgId: string }[];
};

/** The Worker's handlers that no request reaches; the runtime has them, its types do not. */
type Handlers = {
  queue(queue: string, messages: readonly object[]): Promise<QueueOutcome>;
  scheduled(options: { cron: string; scheduledTime: Date }): Promise<{ outcome: string }>;
};
const handlers = exports.default as unknown as Handlers;

/** Delivers a batch to the Worker's queue handler. */
export function deliver(
  queue: string,
  bodies: readonly unknown[],
  attempts = 1,
): Promise<QueueOutcome> {
  const messages = bodies.map((body, index) => ({
    id: `m${index}`,
    timestamp: new Date(),
    attempts,
    body,
  }));
  return handlers.queue(queue, messages);
}

/** Fires the Worker's hourly schedule as if it were that time. */
export function fireHourly(atMs: number): Promise<{ outcome: string }> {
  return handlers.scheduled({ cron: '0 * * * *', scheduledTime: new Date(atMs) });
}
