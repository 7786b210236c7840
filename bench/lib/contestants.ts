import { setTimeout as sleep } from 'node:timers/promises';

import { send, type Reply } from './http.ts';
import { MODELS, type ModelLatencyMs } from './simulator.ts';

/** A job under way: how long its submit took, and when it will have ended, by the clock of this machine. */
type Started = { readonly submitMs: number; readonly finishedAtMs: () => Promise<number> };

/** Somebody who runs jobs of one kind in one way. */
export type Contestant = {
  readonly name: string;
  start(latencyMs: ModelLatencyMs): Promise<Started>;
};

const TEXT = 'The gate is open, and the water comes down to the turbine.';
const POLL_MS = 10;
const GIVE_UP_MS = 60_000;

/** Polls until the moment of the end is known. */
async function polled(read: () => Promise<number | null>): Promise<number> {
  const giveUpAtMs = Date.now() + GIVE_UP_MS;
  while (Date.now() < giveUpAtMs) {
    const atMs = await read();
    if (atMs !== null) return atMs;
    await sleep(POLL_MS);
  }
  throw new Error('a job did not end within a minute');
}

function parameters(latencyMs: ModelLatencyMs) {
  return { model: MODELS[latencyMs], text: TEXT };
}

/** A call that ends with its answer. */
function answered(name: string, ask: (latencyMs: ModelLatencyMs) => Promise<Reply>): Contestant {
  return {
    name,
    async start(latencyMs) {
      const { ms } = await ask(latencyMs);
      const atMs = performance.timeOrigin + performance.now();
      return { submitMs: ms, finishedAtMs: async () => atMs };
    },
  };
}

/** The simulator itself, called as the yardsticks call it. */
export function direct(modelUrl: string): Contestant {
  const messages = [{ role: 'user', content: TEXT }];
  return answered('direct call', (latencyMs) =>
    send(
      'POST',
      `${modelUrl}/chat/completions`,
      { model: MODELS[latencyMs], messages },
      { authorization: 'Bearer simulated' },
    ),
  );
}

export function bareProxy(url: string): Contestant {
  return answered('bare proxy', (latencyMs) => send('POST', `${url}/proxy`, parameters(latencyMs)));
}

export function floorInline(url: string, kind: 'inline' | 'merged'): Contestant {
  const name = kind === 'inline' ? 'floor, inline' : 'floor with merged hops, inline';
  return answered(name, (latencyMs) => send('POST', `${url}/floor/${kind}`, parameters(latencyMs)));
}

export function floorQueued(url: string): Contestant {
  return later('floor, queued', `${url}/floor/queued`);
}

export function workflows(url: string): Contestant {
  return later('Workflows', `${url}/workflow`);
}

function later(name: string, url: string): Contestant {
  return {
    name,
    async start(latencyMs) {
      const { ms, body } = await send('POST', url, parameters(latencyMs));
      const { id } = body as { id: string };
      const finishedAtMs = () =>
        polled(async () => {
          const reply = await send('GET', `${url}/${id}`);
          return (reply.body as { finished_at_ms: number | null }).finished_at_ms;
        });
      return { submitMs: ms, finishedAtMs };
    },
  };
}

export type Penstock = { readonly url: string; readonly key: string };

type JobAnswer = {
  readonly id: string;
  readonly status: string;
  readonly terminal: boolean;
  readonly finished_at: string;
};

/** A pipeline of Penstock's, by the request itself or by the queue. */
export function penstock(
  { url, key }: Penstock,
  pipeline: string,
  way: 'inline' | 'queued',
): Contestant {
  const authorization = `Bearer ${key}`;
  const headers = way === 'inline' ? { authorization, prefer: 'wait=60' } : { authorization };
  return {
    name: `Penstock, ${way}`,
    async start(latencyMs) {
      const job = { pipeline: `${pipeline}-${latencyMs}`, input: { text: TEXT } };
      const { ms, body } = await send('POST', `${url}/v1/jobs`, job, headers);
      const atMs = performance.timeOrigin + performance.now();
      const { id, terminal } = succeeded(body as JobAnswer);
      if (way === 'inline' && !terminal) throw new Error('a job did not end within its request');
      const finishedAtMs = () =>
        polled(async () => {
          const reply = await send('GET', `${url}/v1/jobs/${id}`, undefined, { authorization });
          const seen = succeeded(reply.body as JobAnswer);
          return seen.terminal ? Date.parse(seen.finished_at) : null;
        });
      return { submitMs: ms, finishedAtMs: way === 'inline' ? async () => atMs : finishedAtMs };
    },
  };
}

function succeeded(job: JobAnswer): JobAnswer {
  if (job.terminal && job.status !== 'succeeded') throw new Error(`job ${job.id}: ${job.status}`);
  return job;
}
