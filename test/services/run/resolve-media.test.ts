import { describe, expect, test } from 'vitest';

import { projectId } from '../../../src/domain/ids.ts';
import { resolveMedia } from '../../../src/services/run/calls/resolve-media.ts';
import type { FileUse } from '../../../src/steps/model/files.ts';
import { fileId } from '../../steps/model/support.ts';
import { FakeFiles, fileMeta } from './fake-attempt.ts';

const project = projectId('prj_test');
const id = fileId('1');

function resolve(files: FakeFiles | undefined, use: FileUse, isSent = false) {
  return resolveMedia(files, project, [{ id, path: ['x'], use }], isSent);
}

describe('a field takes files of its types only', () => {
  const fits: Record<FileUse, readonly string[]> = {
    image: ['image/png', 'IMAGE/JPEG'],
    audio: ['audio/wav'],
    recording: ['audio/mpeg', 'video/mp4'],
    document: ['application/pdf', 'text/plain; charset=utf-8'],
    attachment: ['image/png', 'audio/wav', 'application/pdf', 'text/csv'],
  };
  const types = [...new Set(Object.values(fits).flat()), 'font/woff2'];

  test.each(Object.entries(fits))('%s: %o', async (use, fitting) => {
    for (const type of types) {
      const found = await resolve(new FakeFiles(fileMeta(id, type)), use as FileUse);
      const family = type.toLowerCase().split('/')[0];
      const isFit = fitting.some((one) => one.toLowerCase().split('/')[0] === family);
      expect(found.ok, type).toBe(isFit);
    }
  });
});

test('nothing is looked up for an input that names no file', async () => {
  expect(await resolveMedia(undefined, project, [], false)).toEqual({ ok: true, value: new Map() });
});

test('a deployment without files says so', async () => {
  expect(await resolve(undefined, 'image')).toMatchObject({
    ok: false,
    failure: { class: 'not_configured', phase: 'not_sent' },
  });
});

test('a file of another project is not there', async () => {
  const files = new FakeFiles(fileMeta(id, 'image/png'));
  const named = [{ id, path: ['x'], use: 'image' as const }];
  expect(await resolveMedia(files, projectId('prj_other'), named, false)).toMatchObject({
    failure: { violations: [{ pointer: '/with/x', code: 'file_not_found' }] },
  });
});

test('a file that has gone since it was sent does not lose what was paid for', async () => {
  expect(await resolve(new FakeFiles(), 'image', true)).toEqual({
    ok: true,
    value: new Map([[id, { file: id, mimeType: 'image/png', bytes: 0, sha256: '', name: null }]]),
  });
});
