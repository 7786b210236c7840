import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { expect, onTestFinished, test } from 'vitest';

import { freePort, ROOT } from '../../scripts/lib/server.ts';
import { newWebhookSecret } from '../../scripts/lib/webhook-receiver.ts';

const FILE = join('examples', 'webhook-receiver', 'receiver.js');

test('the receiver that the documentation shows is the one of the examples', () => {
  const shown = /^```js receiver\n([\s\S]*?)^```$/m.exec(readFileSync('docs/webhooks.md', 'utf8'));
  expect(shown?.[1]).toBe(readFileSync(FILE, 'utf8'));
});

/** Posts until the process listens. */
async function post(
  port: number,
  headers: Record<string, string>,
  body: string,
): Promise<Response> {
  for (;;) {
    try {
      return await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body });
    } catch {
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
    }
  }
}

test('the receiver takes what is genuine, prints it, and turns everything else away', async () => {
  const secret = newWebhookSecret();
  const port = await freePort();
  const env = { ...process.env, WEBHOOK_SECRET: secret, PORT: String(port) };
  const receiver: ChildProcess = spawn(process.execPath, [FILE], { cwd: ROOT, env });
  onTestFinished(() => {
    receiver.kill('SIGKILL');
  });
  let printed = '';
  receiver.stdout?.on('data', (text) => {
    printed += String(text);
  });
  const at = new Date();
  const body = '{"type":"job.succeeded","timestamp":"2026-11-23T02:00:00.000Z","data":{"seq":7}}';
  const headers = {
    'webhook-id': 'evt_7',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': new Webhook(secret).sign('evt_7', at, body),
  };
  expect((await post(port, headers, body)).status).toBe(204);
  const changed = await post(port, headers, body.replace('7', '8'));
  expect([changed.status, await changed.text()]).toEqual([400, 'signature_mismatch']);
  expect(printed).toMatch(/^evt_7 job\.succeeded \{ seq: 7 \}/);
}, 30_000);
