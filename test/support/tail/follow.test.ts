import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { OutputCutter } from '../../../scripts/lib/tail/cut-output.ts';
import { recordsOf } from '../../../scripts/lib/tail/records.ts';
import { follow } from '../../../scripts/lib/tail/sources.ts';

function line(event: string, fields: object): string {
  return JSON.stringify({ level: 'info', event, at: '2026-11-22T10:20:30.456Z', ...fields });
}

/** Does something to the file after each line that was told of, and gives what was told. */
async function lines(path: string, ...then: readonly (() => void)[]): Promise<unknown[]> {
  const cutter = new OutputCutter();
  const met: unknown[] = [];
  const todo = [...then];
  for await (const text of follow(path)) {
    const found = cutter.push(text).flatMap(recordsOf);
    met.push(...found.map(({ event }) => event));
    for (const _ of found) todo.shift()?.();
    if (met.length > then.length) break;
  }
  return met;
}

describe('a file that grows', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'penstock-tail-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('is followed when it is begun anew, and what had come of a line is no part of the next', async () => {
    const path = join(folder, 'log');
    writeFileSync(path, `${line('one', {})}\n${line('two', { text: 'x'.repeat(900) })}\n{"level"`);
    const met = await lines(
      path,
      () => {},
      () => writeFileSync(path, `${line('three', {})}\n`),
    );
    expect(met).toEqual(['one', 'two', 'three']);
  });

  test('is followed when another one takes its place, however long that is, and waited for', async () => {
    const path = join(folder, 'log');
    writeFileSync(path, `${line('one', {})}\n`);
    const met = await lines(
      path,
      () => {
        renameSync(path, `${path}.1`);
        writeFileSync(`${path}.2`, `${line('two', {})}\n${line('three', {})}\n`);
        setTimeout(() => renameSync(`${path}.2`, path), 300);
      },
      () => {},
    );
    expect(met).toEqual(['one', 'two', 'three']);
  });
});
