import { randomInt } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** A delivery as it reached a receiver. */
export type Reception = {
  readonly atMs: number;
  readonly path: string;
  readonly id: string;
  readonly type: string;
  readonly jobId: string | null;
  readonly seq: number | null;
  readonly happenedAtMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What it was answered with; null for a connection that was cut. */
  readonly status: number | null;
};

/** What to do with a delivery, of which so many tries came before: answer with a status, cut the connection, or say nothing for ever. */
export type Behaviour = (path: string, triesBefore: number) => number | 'cut' | 'hang';

/** A server of the tests' own that takes webhooks. */
export class WebhookReceiver {
  readonly port: number;
  readonly receptions: Reception[] = [];
  readonly #behaviour: Behaviour;
  readonly #tries = new Map<string, number>();
  #server = createServer();
  kills = 0;

  private constructor(port: number, behaviour: Behaviour) {
    this.port = port;
    this.#behaviour = behaviour;
  }

  static async start(behaviour: Behaviour): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver(await portOfItsOwn(), behaviour);
    await receiver.listen();
    return receiver;
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  async listen(): Promise<void> {
    this.#server = createServer((request, response) => void this.#take(request, response));
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.port, '127.0.0.1', resolve);
    });
  }

  /** As `kill -9` would: connections break, and nobody listens any more. */
  async kill(): Promise<void> {
    this.kills += 1;
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    const body = await textOf(request).catch(() => null);
    if (body === null) return;
    const name = `${path} ${String(request.headers['webhook-id'])}`;
    const triesBefore = this.#tries.get(name) ?? 0;
    this.#tries.set(name, triesBefore + 1);
    const behaviour = this.#behaviour(path, triesBefore);
    const status = typeof behaviour === 'number' ? behaviour : null;
    this.receptions.push(receptionOf(request, { path, body, status }));
    if (behaviour === 'cut') request.socket.destroy();
    if (status === null) return;
    response.statusCode = status;
    response.end(status === 200 ? 'taken' : 'not now');
  }
}

/** Outside the range from which connections take theirs: while the receiver is dead, nobody else gets its port. */
async function portOfItsOwn(): Promise<number> {
  for (;;) {
    const port = 20_000 + randomInt(10_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

async function textOf(request: IncomingMessage): Promise<string> {
  request.setEncoding('utf8');
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

type Told = {
  readonly type: string;
  readonly timestamp: string;
  readonly data: { readonly job_id?: string; readonly seq?: number };
};

function receptionOf(
  { headers }: IncomingMessage,
  known: Pick<Reception, 'path' | 'body' | 'status'>,
): Reception {
  const { type, timestamp, data } = JSON.parse(known.body) as Told;
  const named = Object.entries(headers).map(([name, value]) => [name, String(value)]);
  return {
    ...known,
    atMs: Date.now(),
    id: String(headers['webhook-id']),
    type,
    jobId: data.job_id ?? null,
    seq: data.seq ?? null,
    happenedAtMs: Date.parse(timestamp),
    headers: Object.fromEntries(named),
  };
}
