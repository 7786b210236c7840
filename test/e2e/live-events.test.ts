import { describe, expect, inject, test } from 'vitest';

import { newKey, newTenant, rootApi, type Api, type Tenant } from './support/api.ts';
import { openStream, type EventStream, type Sent } from './support/event-stream.ts';
import { ended, eventsOf, publish, run, submit } from './support/jobs.ts';
import { chatPipeline, plainPipeline, question, type Definition } from './support/pipelines.ts';
import { addRules, newModel } from './support/simulator-client.ts';
import { until } from './support/until.ts';

const TEXT = 'The gate is open, and the water comes down to the turbine. '.repeat(6).trim();

/** Waits for an approval, then computes. */
const WAITS: Definition = {
  name: 'waits',
  steps: [
    { id: 'wait', uses: 'wait', with: { event: 'go' }, timeouts: { step: '1h' } },
    { id: 'clean', uses: 'text.normalize', needs: ['wait'], with: { text: 'done' } },
  ],
};

function typesIn({ sent }: EventStream): string[] {
  return sent.map(({ event }) => event);
}

function deltasOf(stream: EventStream, attempt: number): string {
  return stream.sent
    .filter(({ event, data }) => event === 'step.delta' && data['attempt'] === attempt)
    .map(({ data }) => String(data['text']))
    .join('');
}

/** What is told of the history, which leaves out the job itself and the pieces of text. */
function historyOf({ sent }: EventStream): readonly Sent['data'][] {
  return sent.filter(({ id }) => id !== null).map(({ data }) => data);
}

async function ask(api: Api, key?: string): Promise<EventStream> {
  const stream = await openStream(api, '/v1/jobs', {
    method: 'POST',
    body: question(),
    ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }),
  });
  expect(stream.status).toBe(200);
  expect(await stream.ended).toBe('ended');
  return stream;
}

async function opened(api: Api, path: string, lastId: string | null = null) {
  const stream = await openStream(api, path, { lastId });
  await until('the stream to be open', () => stream.sent.length > 0);
  expect(stream.sent[0]?.event).toBe('stream.opened');
  return stream;
}

async function jobsOf(api: Tenant, many: number): Promise<string[]> {
  const jobs = Array.from({ length: many }, () =>
    submit(api, { pipeline: 'plain', input: { text: 'a' }, tags: ['wanted'] }),
  );
  return (await Promise.all(jobs)).map(({ id }) => id).toSorted();
}

function countOf({ sent }: EventStream, id: string): number {
  return sent.filter(({ data }) => data['job_id'] === id).length;
}

describe('a job that is listened to', () => {
  test('tells its history, then what happens, and ends with it', async () => {
    const api = await newTenant();
    await publish(api, WAITS);
    const { id } = await submit(api, { pipeline: 'waits' });
    const stream = await openStream(api, `/v1/jobs/${id}/events`);
    expect(stream.status).toBe(200);
    expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    await until('the wait', () => typesIn(stream).includes('job.waiting'));
    await api.send('POST', `/v1/jobs/${id}/events/go`, {});
    expect(await stream.ended).toBe('ended');
    const events = await eventsOf(api, id);
    expect(stream.sent).toEqual(
      events.map((event) => ({ id: String(event.seq), event: event.type, data: event })),
    );
    expect(stream.comments).toBeGreaterThan(0);
  });

  test('that is over tells its history and ends; resumed after its end, it asks for no more', async () => {
    const api = await newTenant();
    await publish(api, plainPipeline('plain'));
    const job = await run(api, { pipeline: 'plain', input: { text: 'a' } });
    const path = `/v1/jobs/${job.id}/events`;
    const events = await eventsOf(api, job.id);
    const stream = await openStream(api, `${path}?after=2`);
    expect(await stream.ended).toBe('ended');
    expect(historyOf(stream)).toEqual(events.slice(2));
    const resumed = await openStream(api, `${path}?after=2`, { lastId: '4' });
    expect(await resumed.ended).toBe('ended');
    expect(historyOf(resumed)).toEqual(events.slice(4));
    expect((await openStream(api, path, { lastId: stream.lastId })).status).toBe(204);
  });

  test.for(['99999', 'abc', '-1', '1.5', 'job_1:4'])(
    'refuses to resume after %s, which never existed',
    async (lastId) => {
      const api = await newTenant();
      await publish(api, plainPipeline('plain'));
      const { id } = await run(api, { pipeline: 'plain', input: { text: 'a' } });
      const headers = { accept: 'text/event-stream' };
      const path = `/v1/jobs/${id}/events`;
      const byHeader = await api.send<{ errors: { pointer: string }[]; detail: string }>(
        'GET',
        path,
        undefined,
        {
          headers: { ...headers, 'last-event-id': lastId },
        },
      );
      expect([byHeader.status, byHeader.body.errors[0]?.pointer]).toEqual([
        400,
        '/headers/last-event-id',
      ]);
      expect(byHeader.body.detail).toContain(lastId);
      const byQuery = await api.send<{ errors: { pointer: string }[] }>(
        'GET',
        `${path}?after=${encodeURIComponent(lastId)}`,
        undefined,
        { headers },
      );
      expect([byQuery.status, byQuery.body.errors[0]?.pointer]).toEqual([400, '/query/after']);
    },
  );

  test('is told to nobody who may not read it', async () => {
    const [api, other] = [await newTenant(), await newTenant()];
    await publish(api, WAITS);
    const { id } = await submit(api, { pipeline: 'waits' });
    const path = `/v1/jobs/${id}/events`;
    expect((await openStream(other, path)).status).toBe(404);
    const blind = await newKey(inject('shared'), api.project, ['jobs:write']);
    const writer = { url: api.url, key: blind.key };
    expect((await openStream(writer, path)).status).toBe(403);
    expect((await openStream(writer, '/v1/events')).status).toBe(403);
    expect((await openStream({ url: api.url, key: 'pk_none' }, path)).status).toBe(401);
  });
});

describe('submitting and listening in one request', () => {
  test('tells the text of a chat while it comes, and the output at the end', async () => {
    const api = await newTenant();
    const model = newModel();
    await addRules({ match: { model }, reply: { text: TEXT }, fault: { slow_body: 60 } });
    await publish(api, chatPipeline(model));
    const stream = await ask(api, 'once');
    const [first, ...rest] = stream.sent;
    const last = rest.pop();
    expect(first).toMatchObject({ event: 'job', id: null, data: { idempotency_replayed: false } });
    expect(last).toMatchObject({ event: 'job', id: null, data: { output: { answer: TEXT } } });
    const id = String(first?.data['id']);
    expect(stream.headers.get('location')).toBe(`/v1/jobs/${id}`);
    expect(historyOf(stream)).toEqual(await eventsOf(api, id));
    expect(deltasOf(stream, 1)).toBe(TEXT);
    const types = typesIn(stream);
    expect(types.filter((type) => type === 'step.delta').length).toBeGreaterThan(2);
    expect(types.indexOf('step.delta')).toBeGreaterThan(types.indexOf('attempt.started'));
    expect(types.lastIndexOf('step.delta')).toBeLessThan(types.indexOf('attempt.succeeded'));
    const pieces = stream.sent.filter(({ event }) => event === 'step.delta');
    expect(pieces.map(({ data }) => data['index'])).toEqual(pieces.map((_, index) => index));
    expect(pieces[0]).toMatchObject({ id: null, data: { job_id: id, step: 'ask', attempt: 1 } });

    const again = await ask(api, 'once');
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.sent[0]?.data).toMatchObject({ id, idempotency_replayed: true });
    expect(historyOf(again)).toEqual(historyOf(stream));
    expect(typesIn(again)).not.toContain('step.delta');
  });

  test('text of an attempt that fails is void, and the next one begins anew', async () => {
    const api = await newTenant();
    const model = newModel();
    await addRules(
      {
        match: { model },
        times: 1,
        reply: { text: TEXT },
        fault: { slow_body: 60, stream_error: 4 },
      },
      { match: { model }, reply: { text: TEXT }, fault: { slow_body: 30 } },
    );
    await publish(api, chatPipeline(model));
    const stream = await ask(api);
    const types = typesIn(stream);
    expect(types.filter((type) => type.startsWith('attempt.'))).toEqual([
      'attempt.started',
      'attempt.failed',
      'attempt.started',
      'attempt.succeeded',
    ]);
    expect(deltasOf(stream, 1).length).toBeGreaterThan(0);
    expect(TEXT.startsWith(deltasOf(stream, 1))).toBe(true);
    expect(deltasOf(stream, 2)).toBe(TEXT);
  });

  test('is refused like any other submit, before anything is streamed', async () => {
    const api = await newTenant();
    const headers = { accept: 'text/event-stream' };
    const answer = await api.send('POST', '/v1/jobs', { pipeline: 'none' }, { headers });
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });
});

describe('a step whose text is streamed for all who listen', () => {
  test.for([
    ['as its definition says', { stream: true }, TEXT],
    ['unless its definition says so', {}, ''],
  ] as const)('%s', async ([, step, told]) => {
    const api = await newTenant();
    const model = newModel();
    await addRules({ match: { model }, reply: { text: TEXT }, fault: { slow_body: 60 } });
    await publish(api, chatPipeline(model, step));
    const { id } = await submit(api, question());
    const stream = await openStream(api, `/v1/jobs/${id}/events`);
    expect(await stream.ended).toBe('ended');
    expect((await ended(api, id)).status).toBe('succeeded');
    expect(deltasOf(stream, 1)).toBe(told);
  });
});

describe('a project that is listened to', () => {
  test('tells what happens to all its jobs, as far as is wanted, and nothing of other projects', async () => {
    const [api, other] = [await newTenant(), await newTenant()];
    for (const each of [api, other]) await publish(each, plainPipeline('plain'));
    const all = await opened(api, '/v1/events');
    const ends = await opened(api, '/v1/events?types=job.succeeded,job.failed&tag=wanted');
    const none = await opened(api, '/v1/events?types=step.*&pipeline=another');
    await jobsOf(other, 3);
    const ids = await jobsOf(api, 12);
    await until('all ends', () => ends.sent.length > ids.length);
    expect(
      ends.sent
        .slice(1)
        .map(({ data }) => String(data['job_id']))
        .toSorted(),
    ).toEqual(ids);
    for (const id of ids) {
      const events = await eventsOf(api, id);
      await until('its events', () => countOf(all, id) === events.length);
      expect(all.sent.filter(({ data }) => data['job_id'] === id)).toEqual(
        events.map((event) => ({ id: `${id}:${event.seq}`, event: event.type, data: event })),
      );
    }
    expect(new Set(all.sent.slice(1).map(({ data }) => data['job_id']))).toEqual(new Set(ids));
    expect(none.sent).toHaveLength(1);
    for (const stream of [all, ends, none]) stream.cut();
  });

  test('says that it does not go back', async () => {
    const api = await newTenant();
    const stream = await opened(api, '/v1/events', 'job_1:3');
    await until('the gap', () => stream.sent.length > 1);
    expect(stream.sent[1]).toMatchObject({
      event: 'stream.gap',
      data: { reason: 'not_resumed', last_event_id: 'job_1:3' },
    });
    stream.cut();
  });

  test('refuses types that no event has', async () => {
    const answer = await rootApi().send<{ detail: string }>(
      'GET',
      '/v1/events?types=job.*,jobs.done',
    );
    expect(answer.status).toBe(400);
    expect(answer.body.detail).toContain('"jobs.done"');
    expect(answer.body.detail).toContain('job.succeeded');
  });
});
