import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';
import { expect, test } from 'vitest';

import { isJobId, shardOf } from '../../src/domain/ids.ts';
import type { JobView } from '../../src/services/views/jobs/job-schema.ts';
import { api } from './support/api.ts';

const WAITS = {
  name: 'waits',
  steps: [
    { id: 'first', uses: 'wait', with: { event: 'one' } },
    { id: 'second', uses: 'wait', needs: ['first'], with: { event: 'two' } },
  ],
};

/** Reads a stream until a type of events has come, and gives the ids of all that came before and with it. */
async function readUntil(reader: ReadableStreamDefaultReader<Uint8Array>, type: string) {
  const decoder = new TextDecoder();
  let text = '';
  while (!text.includes(`event: ${type}\n`)) {
    const { value, done } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  return [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
}

test('a listener’s socket outlives the memory of its shard', async () => {
  await api('PUT', '/v1/pipelines/waits', WAITS);
  const { id } = await api<JobView>('POST', '/v1/jobs', { pipeline: 'waits' });
  if (!isJobId(id)) throw new Error(`not a job id: ${id}`);
  const stub = env.JOB_SHARD.getByName(`prj_default:${shardOf(id)}`);
  const answer = await exports.default.fetch(`https://penstock.test/v1/jobs/${id}/events`, {
    headers: { authorization: 'Bearer root_test', accept: 'text/event-stream' },
  });
  const reader = answer.body?.getReader();
  if (reader === undefined) throw new Error('the stream has no body');
  const seen = await readUntil(reader, 'job.waiting');
  const sockets = () => runInDurableObject(stub, (_shard, state) => state.getWebSockets(id).length);
  expect(await sockets()).toBe(1);
  await evictDurableObject(stub, { webSockets: 'hibernate' });
  await api('POST', `/v1/jobs/${id}/events/one`, {});
  seen.push(...(await readUntil(reader, 'wait.started')));
  // An object that is put away with its sockets, as by a new version: the listener comes again by itself.
  await evictDurableObject(stub, { webSockets: 'close' });
  await api('POST', `/v1/jobs/${id}/events/two`, {});
  seen.push(...(await readUntil(reader, 'job.succeeded')));
  expect(seen).toEqual(seen.map((_, index) => index + 1));
  expect((await reader.read()).done).toBe(true);
  expect(await sockets()).toBe(0);
});
