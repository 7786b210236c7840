import { expect } from 'vitest';

import type { JsonObject } from '../../../src/domain/json.ts';
import type { Tenant } from '../support/api.ts';
import { example } from '../support/example.ts';
import { cancel, ended, jobWhen, post, publish, submit } from '../support/jobs.ts';
import type { OwnServer } from '../support/own-server.ts';
import {
  chatPipeline,
  items,
  mapPipeline,
  question,
  type Definition,
} from '../support/pipelines.ts';
import { newModel } from '../support/simulator-client.ts';
import { until } from '../support/until.ts';

/** A job that the server has accepted, and what has to be true of it for ever after. */
export type Accepted = {
  readonly phase: string;
  readonly id: string;
  readonly body: object;
  readonly key: string;
  readonly end: 'succeeded' | 'cancelled';
  readonly model: string | null;
};

type Beginning = Pick<Accepted, 'phase' | 'body'> & Partial<Pick<Accepted, 'end' | 'model'>>;

const digest = example('document-digest', 'job.json') as object;

/** One job in every phase in which a server can be killed, none of which holds up a queue. */
export async function beginJobs(server: OwnServer, api: Tenant): Promise<Accepted[]> {
  await publish(api, example('document-digest', 'pipeline.json') as Definition);
  const done = await begin(api, { phase: 'done', body: digest });
  await ended(api, done.id);
  return [
    done,
    await betweenAttempts(server, api),
    await mapHalfDone(server, api),
    await callUnderWay(server, api, 'request'),
    await cancelling(server, api),
  ];
}

/** Jobs that are accepted, and killed wherever they have got to. */
export function beginSome(api: Tenant): Promise<Accepted[]> {
  return Promise.all(
    Array.from({ length: 4 }, () => begin(api, { phase: 'accepted', body: digest })),
  );
}

async function betweenAttempts(server: OwnServer, api: Tenant): Promise<Accepted> {
  const model = newModel();
  server.simulator.addRules({
    match: { model },
    times: 1,
    fault: { status: 429, retry_after: 30 },
  });
  await publish(api, chatPipeline(model, {}, { name: model }));
  const job = await begin(api, { phase: 'between attempts', body: asking(model), model });
  await jobWhen(api, job.id, ({ waiting_on: waiting }) => waiting?.kind === 'rate_limit');
  return job;
}

/** Four items are done, two hang, three have not begun. */
async function mapHalfDone(server: OwnServer, api: Tenant): Promise<Accepted> {
  const model = newModel();
  server.simulator.addRules(
    { match: { model }, times: 4, reply: { text: 'before' } },
    { match: { model }, times: 2, fault: { hang: true } },
    { match: { model }, reply: { text: 'after' } },
  );
  await publish(api, { ...mapPipeline(model, { max_concurrency: 2 }), name: model });
  const body = { ...items(9), pipeline: model };
  const job = await beginInRequest(server, api, { phase: 'map half done', body, model });
  await jobWhen(api, job.id, ({ steps: [map] }) => map?.items?.succeeded === 4);
  await underWay(server, model, 2);
  return job;
}

export async function callUnderWay(
  server: OwnServer,
  api: Tenant,
  runner: 'request' | 'queue',
): Promise<Accepted> {
  const phase = `call under way, run by a ${runner}`;
  return hanging(server, api, { phase, body: {} }, runner);
}

/** A call that may take far longer than anyone should wait for a runner that is gone. */
export async function longCallUnderWay(server: OwnServer, api: Tenant): Promise<Accepted> {
  return hanging(server, api, { phase: 'long call', body: {} }, 'queue', {
    timeouts: { attempt: '10m' },
  });
}

async function cancelling(server: OwnServer, api: Tenant): Promise<Accepted> {
  const beginning = { phase: 'cancelling', body: {}, end: 'cancelled' } as const;
  const job = await hanging(server, api, beginning, 'request');
  expect((await cancel(api, job.id)).body.status).toBe('cancelling');
  return job;
}

/** A job whose provider hangs on the first call only. */
async function hanging(
  server: OwnServer,
  api: Tenant,
  beginning: Beginning,
  runner: 'request' | 'queue',
  step: JsonObject = {},
): Promise<Accepted> {
  const model = newModel();
  server.simulator.addRules({ match: { model }, times: 1, fault: { hang: true } });
  await publish(api, chatPipeline(model, step, { name: model }));
  const whole = { ...beginning, body: asking(model), model };
  if (runner === 'request') return beginInRequest(server, api, whole);
  const job = await begin(api, whole);
  await underWay(server, model, 1);
  return job;
}

function asking(pipeline: string): object {
  return { ...question(), pipeline };
}

let keys = 0;

async function begin(api: Tenant, beginning: Beginning): Promise<Accepted> {
  const { phase, body, end = 'succeeded', model = null } = beginning;
  keys += 1;
  const key = `crash-${keys}`;
  const { id } = await submit(api, body, { 'idempotency-key': key });
  return { phase, body, end, model, key, id };
}

/** Lets the request that submits run the job, so that no queue is held up by a call that hangs. */
async function beginInRequest(
  server: OwnServer,
  api: Tenant,
  { phase, body, end = 'succeeded', model = null }: Beginning,
): Promise<Accepted> {
  keys += 1;
  const key = `crash-${keys}`;
  const headers = { 'idempotency-key': key };
  // The crash breaks this request off.
  post(api, body, { ...headers, prefer: 'wait=60' }).catch(() => undefined);
  await underWay(server, model ?? '', 1);
  const { id } = await submit(api, body, headers);
  return { phase, body, end, model, key, id };
}

function underWay({ simulator }: OwnServer, model: string, count: number): Promise<true> {
  return until(`${count} calls under way`, () => {
    const calls = simulator.journal().filter((call) => call.model === model);
    return calls.filter(({ ended: how }) => how === 'pending').length >= count;
  });
}
