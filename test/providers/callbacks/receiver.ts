import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { CallbackRequest } from '../../../src/providers/port.ts';

export type Receiver = {
  readonly url: string;
  /** The next callback that comes in, or has come in. */
  next(): Promise<CallbackRequest>;
  close(): Promise<void>;
};

/** Takes callbacks on this machine, as the deployment's own door would. The first `refusals` are answered by a 503. */
export async function startReceiver(refusals = 0): Promise<Receiver> {
  const waiting: ((request: CallbackRequest) => void)[] = [];
  const come: CallbackRequest[] = [];
  let left = refusals;
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    left -= 1;
    response.writeHead(left >= 0 ? 503 : 200).end();
    if (left >= 0) return;
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    );
    const taken = { headers, body: Buffer.concat(pieces), nowMs: Date.now() };
    const first = waiting.shift();
    if (first === undefined) come.push(taken);
    else first(taken);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/callbacks/x`,
    next: () =>
      new Promise((resolve) => {
        const first = come.shift();
        if (first === undefined) waiting.push(resolve);
        else resolve(first);
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
