import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { eventTypes, namesEvents } from '../../src/domain/job/event-types.ts';

test('every type of event that a history can have is listed', () => {
  const source = readFileSync('src/domain/job/event.ts', 'utf8');
  const declared = [...source.matchAll(/^ {2}'([a-z_]+\.[a-z_]+)':/gm)].map(([, name]) => name);
  expect(new Set<unknown>(eventTypes)).toEqual(new Set(declared));
});

test('a filter names types, groups that have types, or everything', () => {
  expect(['job.queued', 'job.*', '*'].map(namesEvents)).toEqual([true, true, true]);
  expect(['job', 'jobs.*', 'job.q*', ''].map(namesEvents)).toEqual([false, false, false, false]);
});
