import { globSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';

import { makeLog } from '../../../src/runtime/telemetry/log.ts';
import { sampleOf, shareOf } from '../../../src/runtime/telemetry/sampling.ts';
import { logFields } from '../../../src/services/ports/log-fields.ts';
import { framesOf } from '../../../src/services/ports/log.ts';

const page = readFileSync('docs/logs.md', 'utf8');

/** The names in the first column of the table under a heading. */
function documented(heading: string): string[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(heading)) ?? '';
  return [...section.matchAll(/^\| `([\w.]+)`/gm)].map(([, name = '']) => name);
}

/** A level, then a name, or the choice between two names. */
const NAMED =
  /'(?:debug|info|warn|error)',\s*(?:[^'",;]*\?\s*)?'([a-z]+\.[a-z_]+)'(?:\s*:\s*'([a-z]+\.[a-z_]+)')?/g;
const LISTED = /\bevent: '([a-z]+\.[a-z_]+)', fields|\bquietly\([^']*'([a-z]+\.[a-z_]+)'/g;

/** The names of the events that the source logs. */
function written(): string[] {
  return globSync('src/**/*.ts').flatMap((file) => {
    const source = readFileSync(file, 'utf8');
    const found = [...source.matchAll(NAMED), ...source.matchAll(LISTED)];
    return found.flatMap(([, ...names]) => names.filter((name) => name !== undefined));
  });
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('the page about logs', () => {
  test('has every event that is written', () => {
    expect(written().filter((name) => !documented('Events').includes(name))).toEqual([]);
  });

  test('has no event that nothing writes', () => {
    const sources = globSync('src/**/*.ts').map((file) => readFileSync(file, 'utf8'));
    const isWritten = (name: string) => sources.some((source) => source.includes(`'${name}'`));
    expect(documented('Events').filter((name) => !isWritten(name))).toEqual([]);
    expect(documented('Events').length).toBeGreaterThan(40);
  });

  test('has exactly the fields that there are', () => {
    expect(documented('Fields').toSorted()).toEqual([...logFields].toSorted());
  });
});

describe('the log', () => {
  const lines: { readonly level: string; readonly text: string }[] = [];
  function listen(): void {
    lines.length = 0;
    for (const level of ['debug', 'info', 'warn', 'error'] as const) {
      vi.spyOn(console, level).mockImplementation((text: string) => lines.push({ level, text }));
    }
  }

  test('writes from its level on', () => {
    listen();
    const log = makeLog('warn');
    for (const level of ['debug', 'info', 'warn', 'error'] as const) log(level, 'a.b', {});
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'error']);
    expect(JSON.parse(lines[0]?.text ?? '')).toMatchObject({ level: 'warn', event: 'a.b' });
  });

  test('has all lines of a job or none, and warnings of every job', () => {
    listen();
    const log = makeLog('debug', sampleOf(0.25));
    const ids = Array.from({ length: 1_000 }, (_, index) => `job_${index}`);
    for (const id of ids) {
      log('info', 'job.accepted', { job_id: id, request_id: `req_${id}` });
      log('debug', 'attempt.started', { job_id: id });
      log('warn', 'attempt.ended', { job_id: id });
    }
    const byJob = Map.groupBy(lines, ({ text }) => String(JSON.parse(text)['job_id']));
    const counts = ids.map((id) => byJob.get(id)?.length);
    expect(new Set(counts)).toEqual(new Set([1, 3]));
    const sampled = counts.filter((count) => count === 3).length;
    expect(sampled).toBeGreaterThan(190);
    expect(sampled).toBeLessThan(310);
  });

  test('samples requests without a job by themselves, and keeps what is about neither', () => {
    listen();
    const log = makeLog('info', sampleOf(0));
    log('info', 'http.request', { request_id: 'req_1' });
    log('info', 'cron.hourly', { shards: 2 });
    expect(lines.map(({ text }) => JSON.parse(text)['event'])).toEqual(['cron.hourly']);
  });

  test('a larger sample holds a smaller one, and nonsense is everything', () => {
    const keys = Array.from({ length: 500 }, (_, index) => `job_${index}`);
    const small = keys.filter(sampleOf(0.1));
    expect(keys.filter(sampleOf(0.3))).toEqual(expect.arrayContaining(small));
    expect(
      ['0', '0.5', '1', '', ' ', 'x', '-1', '2', undefined].map((text) => shareOf(text)),
    ).toEqual([0, 0.5, 1, 1, 1, 1, 1, 1, 1]);
  });

  test('tells where something was thrown, and never what it says', () => {
    const error = new SyntaxError('Unexpected token in "the secret"\n  in two lines');
    expect(framesOf(error)).toContain('log.test.ts');
    expect(framesOf(error)).not.toMatch(/secret|two lines/);
    expect(framesOf('a text')).toBeNull();
  });
});
