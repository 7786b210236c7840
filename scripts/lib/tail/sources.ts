import { spawn } from 'node:child_process';
import { open, stat } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { ROOT } from '../server.ts';

/** The file in a local server's state to which `npm run dev` writes what the Worker logs. */
export function logFileIn(statePath: string): string {
  return join(statePath, 'penstock.log');
}

const LOOK_EVERY_MS = 200;
const CHUNK_BYTES = 65_536;

/** A saved file, or the standard input, to its end. */
export async function* readAll(path: string): AsyncGenerator<string> {
  const stream = path === '-' ? process.stdin : createReadStream(path);
  stream.setEncoding('utf8');
  for await (const text of stream) yield String(text);
}

/** A file that grows, from its beginning on and for ever; from the beginning again when it is begun anew. */
export async function* follow(path: string): AsyncGenerator<string> {
  let position = 0;
  let decoder = new TextDecoder();
  for (;;) {
    const { size } = await stat(path);
    if (size < position) {
      position = 0;
      decoder = new TextDecoder();
    }
    if (size > position) {
      const bytes = await readFrom(path, position);
      position += bytes.length;
      yield decoder.decode(bytes, { stream: true });
    } else await sleep(LOOK_EVERY_MS);
  }
}

async function readFrom(path: string, position: number): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(
      new Uint8Array(CHUNK_BYTES),
      0,
      CHUNK_BYTES,
      position,
    );
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** A deployment, until the connection ends. */
export async function* tailDeployment(environment: string): AsyncGenerator<string> {
  const wrangler = join(ROOT, 'node_modules', 'wrangler', 'bin', 'wrangler.js');
  const named = environment === '' ? [] : [`--env=${environment}`];
  const child = spawn(process.execPath, [wrangler, 'tail', '--format=json', ...named], {
    cwd: ROOT,
    stdio: ['inherit', 'pipe', 'inherit'],
    env: { ...process.env, NO_COLOR: '1', WRANGLER_HIDE_BANNER: 'true' },
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.stdout.setEncoding('utf8');
  for await (const text of child.stdout) yield String(text);
  const code = await ended;
  if (code !== 0) throw new Error(`wrangler tail ended with ${code ?? 'a signal'}`);
}
