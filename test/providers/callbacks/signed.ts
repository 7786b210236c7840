/** Signatures as providers make them, by Node's own crypto, apart from the code that checks them. */
import { createHmac } from 'node:crypto';

import type { CallbackRequest } from '../../../src/providers/port.ts';

export const nowMs = 1_800_000_000_000;

/** A callback by the Standard Webhooks scheme, signed by each of these secrets in turn. */
export function standardWebhook(
  text: string,
  secrets: readonly string[],
  { id = 'msg_1', atMs = nowMs } = {},
): CallbackRequest {
  const timestamp = String(Math.floor(atMs / 1000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
    const mac = createHmac('sha256', key).update(`${id}.${timestamp}.${text}`);
    return `v1,${mac.digest('base64')}`;
  });
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  };
  return { headers, body: Buffer.from(text), nowMs };
}
