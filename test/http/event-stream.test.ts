import { Hono } from 'hono';
import { expect, test } from 'vitest';

import type { AppEnv } from '../../src/http/deps.ts';
import { eventStream } from '../../src/http/live/event-stream.ts';
import type { Outlet } from '../../src/services/live/outlet.ts';
import { ShardDriver } from '../support/shard-driver.ts';

const HOUR_MS = 3_600_000;

/** A stream that `follow` fills, in a world whose clock moves when told to. */
async function streaming(follow: (outlet: Outlet) => Promise<string>) {
  const driver = new ShardDriver();
  const reasons: unknown[] = [];
  const deps = {
    machine: driver.machine(),
    log: (_level: string, event: string, { reason }: { reason?: unknown }) => {
      reasons.push(reason ?? event);
    },
  };
  const app = new Hono<AppEnv>().get('/', (c) => {
    c.set('correlation', { requestId: 'req_1', traceId: 'a'.repeat(32) });
    return eventStream(c, {}, follow);
  });
  const env = { deps, background: () => {} } as unknown as AppEnv['Bindings'];
  const answer = await app.request('/', {}, env);
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) throw new Error('the stream has no body');
  const readAll = async (): Promise<string> => {
    let text = '';
    for (let next = await reader.read(); !next.done; next = await reader.read()) text += next.value;
    return text;
  };
  return { answer, driver, reader, readAll, reasons };
}

/** Follows until nobody reads any more. */
function untilLeft({ signal }: Outlet): Promise<string> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve('left'));
  });
}

test('events are told as the standard wants them, and the stream ends with what fills it', async () => {
  const { answer, readAll, reasons } = await streaming(async (outlet) => {
    outlet.send({ event: 'a.b', id: '7', data: { text: 'two\nlines' } });
    outlet.send({ event: 'c', data: null });
    return 'over';
  });
  expect(answer.headers.get('cache-control')).toBe('no-cache, no-transform');
  expect(await readAll()).toBe(
    'retry: 1000\n\nid: 7\nevent: a.b\ndata: {"text":"two\\nlines"}\n\nevent: c\ndata: null\n\n',
  );
  expect(reasons).toEqual(['over']);
});

test('a comment comes every 15 seconds, and after an hour the stream ends in good order', async () => {
  const { driver, readAll, reasons } = await streaming(untilLeft);
  const text = readAll();
  await driver.pass(HOUR_MS);
  expect((await text).match(/^: /gm)?.length).toBeGreaterThanOrEqual(HOUR_MS / 15_000 - 1);
  expect(reasons).toEqual(['left']);
});

test('whoever fills the stream hears at once that the client has gone', async () => {
  const { driver, reader, reasons } = await streaming(untilLeft);
  await reader.read();
  await reader.cancel();
  await driver.quiet();
  expect(reasons).toEqual(['left']);
});

test('a client for whom too much waits is cut off', async () => {
  const { driver, readAll, reasons } = await streaming(async (outlet) => {
    for (let sent = 0; sent < 40; sent += 1) outlet.send({ event: 'a', data: 'x'.repeat(65_536) });
    return outlet.signal.aborted ? 'left' : 'still there';
  });
  await driver.quiet();
  expect(reasons).toEqual(['left']);
  await expect(readAll()).rejects.toThrow('too slow');
});

test('history waits until there is room for it', async () => {
  let pages = 0;
  const { driver, readAll } = await streaming(async (outlet) => {
    for (; pages < 20; pages += 1) {
      outlet.send({ event: 'a', data: 'x'.repeat(131_072) });
      await outlet.room();
    }
    return 'over';
  });
  await driver.quiet();
  expect(pages).toBeLessThan(5);
  expect((await readAll()).length).toBeGreaterThan(20 * 131_072);
});
