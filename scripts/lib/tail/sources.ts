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

/** How long a file is, and which one it is. */
type Standing = { readonly size: number; readonly ino: number | null };

const LOOK_EVERY_MS = 200;
const CHUNK_BYTES = 65_536;

/** A saved file, or the standard input, to its end. */
export async function* readAll(path: string): AsyncGenerator<string> {
  const stream = path === '-' ? process.stdin : createReadStream(path);
  stream.setEncoding('utf8');
  for await (const text of stream) yield String(text);
}

/**
 * A file that grows, from its beginning on and for ever; from the beginning again when it is begun anew, or another one
 * takes its place. While there is none, it is waited for.
 */
export async function* follow(path: string): AsyncGenerator<string> {
  let position = 0;
  let followed: number | null = null;
  let decoder = new TextDecoder();
  for (;;) {
    const { size, ino }: Standing = await orMissing(stat(path), { size: 0, ino: followed });
    if (size < position || ino !== followed) {
      // What had come of a line comes to nothing.
      if (position > 0) yield '\n';
      position = 0;
      followed = ino;
      decoder = new TextDecoder();
    }
    if (size > position) {
      const bytes = await orMissing(readFrom(path, position), new Uint8Array());
      position += bytes.length;
      yield decoder.decode(bytes, { stream: true });
    } else await sleep(LOOK_EVERY_MS);
  }
}

/** What was asked of a file, or `missing` when it is not there. */
async function orMissing<Value, Missing>(
  asked: Promise<Value>,
  missing: Missing,
): Promise<Value | Missing> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return missing;
    throw error;
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
