import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import type { CallOutcome, Ticket } from '../../../src/providers/port.ts';
import { startSimulator, type Simulator } from '../../support/simulator/simulator.ts';
import { basePathOf } from '../../support/simulator/wire-dialect.ts';
import { contextOf } from '../calling.ts';
import { documentedSettings, makeService } from './support.ts';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator();
});
beforeEach(() => simulator.reset());
afterAll(() => simulator.close());

/** A documented service, at the simulator and with a key, which the simulator wants of everybody. */
function serviceHere(id: string) {
  const base_url = `${simulator.url}${basePathOf.own}`;
  const [service] = JSON.parse(documentedSettings()[id] ?? '[]') as object[];
  return makeService([{ ...service, base_url, secret_name: 'OWN_KEY' }], fetch);
}

const picture: ModelCall = { kind: 'image', model: 'brush-2', prompt: 'a cat', count: 2 };

async function submitted(): Promise<Ticket> {
  const outcome = await serviceHere('painter').submitJob(picture, contextOf());
  if (outcome.kind !== 'pending') throw new Error(`expected a ticket, got ${outcome.kind}`);
  return outcome.ticket;
}

function ask(ticket: Ticket): Promise<CallOutcome> | undefined {
  return serviceHere('painter').getJobStatus?.(ticket, picture, contextOf());
}

test('the documented server for embeddings answers', async () => {
  const call: ModelCall = { kind: 'embed', model: 'm', texts: ['one', 'two'] };
  const outcome = await serviceHere('own-embeddings').submitJob(call, contextOf());
  const result = outcome.kind === 'done' ? outcome.reply.result : null;
  expect(result?.kind === 'embed' ? result.vectors.map(({ length }) => length) : null).toEqual([
    8, 8,
  ]);
});

describe('the documented image service', () => {
  test('takes work once, goes on, and is done', async () => {
    const ticket = await submitted();
    expect(await ask(ticket)).toMatchObject({ kind: 'pending', ticket, checkInMs: 1_000 });
    expect(await ask(ticket)).toMatchObject({ kind: 'pending' });
    expect(await ask(ticket)).toMatchObject({
      kind: 'done',
      reply: {
        result: { images: [{ media: { mimeType: 'image/png' } }, {}] },
        usage: { images: 2, computeMs: 1_500 },
        rawUsage: { seconds: 1.5 },
        returnedModel: 'brush-2',
      },
    });
    expect(simulator.stats().paid).toBe(1);
    expect(simulator.journal()[0]).toMatchObject({ idempotency_key: 'att_1' });
  });

  test('says why it failed in the end', async () => {
    simulator.script({ fault: { fails_later: true, code: 'nsfw_picture', message: 'No.' } });
    const ticket = await submitted();
    await ask(ticket);
    await ask(ticket);
    expect(await ask(ticket)).toMatchObject({
      kind: 'failed',
      failure: {
        class: 'content_blocked_output',
        phase: 'accepted',
        code: 'nsfw_picture',
        detail: { message: 'No.' },
      },
      spent: { usage: { computeMs: 1_500 } },
    });
  });

  test('stops when it is told to', async () => {
    const ticket = await submitted();
    await serviceHere('painter').cancelJob?.(ticket, picture, contextOf());
    expect(await ask(ticket)).toMatchObject({ kind: 'failed', failure: { phase: 'accepted' } });
  });

  test('is asked again when only the question failed, and not when the work is gone', async () => {
    const ticket = await submitted();
    for (const fault of [{ status: 503 }, { drop: 'mid_body' }, { not_json: true }] as const) {
      simulator.script({ match: { path: '/own/v1/pictures/*' }, fault });
      // oxlint-disable-next-line no-await-in-loop -- one fault after the other
      expect(await ask(ticket)).toMatchObject({ kind: 'pending', ticket });
    }
    simulator.reset();
    expect(await ask(ticket)).toMatchObject({
      kind: 'failed',
      failure: { phase: 'accepted', code: 'work_not_found' },
    });
  });

  test('may have taken work whose answer is lost', async () => {
    simulator.script({ fault: { drop: 'after_request' } });
    expect(await serviceHere('painter').submitJob(picture, contextOf())).toMatchObject({
      failure: { class: 'network', phase: 'unknown' },
    });
    await simulator.idle();
    expect(simulator.stats().paid).toBe(1);
  });
});
