import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';

import {
  verifyWebhook,
  WebhookVerificationError,
  type VerifiedWebhook,
} from '../../client/verify-webhook.js';

/** A webhook that was verified, with what it came as. */
export type Received = VerifiedWebhook & {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
};

export type Receiver = {
  /** Without a slash at the end. */
  readonly url: string;
  /** To be given to whoever signs; others may be added. */
  readonly secrets: string[];
  readonly received: readonly Received[];
  /** Why others were turned away. */
  readonly refused: readonly string[];
  close(): void;
};

type ReceiverOptions = {
  /** What a verified webhook is answered with: 204 unless told otherwise. */
  readonly statusOf?: (received: Received) => number;
};

/** A server on this machine that verifies the webhooks it gets, and remembers them. */
export async function startReceiver({
  statusOf = () => 204,
}: ReceiverOptions = {}): Promise<Receiver> {
  const secrets = [newWebhookSecret()];
  const received: Received[] = [];
  const refused: string[] = [];
  const server = createServer((request, response) => {
    take(request, secrets).then(
      (event) => {
        received.push(event);
        response.writeHead(statusOf(event)).end('noted');
      },
      (error: unknown) => {
        const reason = error instanceof WebhookVerificationError ? error.reason : 'unreadable';
        refused.push(reason);
        response.writeHead(400).end(reason);
      },
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve());
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the receiver has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    secrets,
    received,
    refused,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function take(request: IncomingMessage, secrets: readonly string[]): Promise<Received> {
  const { headers, url: path = '/' } = request;
  const text = Buffer.concat(await request.toArray()).toString('utf8');
  return { ...(await verifyWebhook({ secrets, headers, body: text })), path, headers, text };
}

/** 32 random bytes in the form of Standard Webhooks. */
export function newWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}
