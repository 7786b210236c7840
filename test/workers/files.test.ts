import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';

import { uploadIdOf, type FileId } from '../../src/domain/file.ts';
import { projectId } from '../../src/domain/ids.ts';
import { makeFileIndex } from '../../src/runtime/d1/file-index.ts';
import { makeFiles } from '../../src/runtime/files/store.ts';
import { fireHourly } from './support/bindings.ts';

const project = projectId('prj_files');
const MIB = 1024 * 1024;
let made = 0;

function newId(): FileId {
  made += 1;
  return uploadIdOf(`01a30000-0000-7000-8000-${made.toString(16).padStart(12, '0')}`);
}

const about = { name: 'ä', mimeType: 'text/plain', createdAtMs: 1, expiresAtMs: 1_000 };

function metaOf(id: FileId) {
  return { ...about, id, bytes: 1, sha256: 'a' };
}

async function keysOf(id: FileId): Promise<string[]> {
  const { objects } = await env.OBJECTS.list({ prefix: `${project}/files/${id}` });
  return objects.map(({ key }) => key);
}

describe('a file in R2', () => {
  test.each([1, 8 * MIB, 8 * MIB + 1, 17 * MIB])(
    'of %d bytes is whole or not there',
    async (size) => {
      const files = makeFiles(env.OBJECTS, () => 0);
      const id = newId();
      const writer = files.begin(project, id);
      const chunk = new Uint8Array(MIB);
      for (let left = size; left > 0; left -= MIB) {
        chunk.fill(left % 251);
        await writer.write(chunk.subarray(0, Math.min(left, MIB)));
        expect(await files.find(project, id)).toBeNull();
      }
      const meta = await writer.commit(about);
      expect(meta).toMatchObject({ ...about, id, bytes: size });
      expect(await files.head(project, id)).toEqual(meta);
      const bytes = await files.read(project, id);
      const digest = await crypto.subtle.digest('SHA-256', bytes ?? new Uint8Array());
      const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0'));
      expect([bytes?.length, hex.join('')]).toEqual([size, meta.sha256]);
      const part = await files.open(project, id, { offset: size - 1, length: 1 });
      expect(await new Response(part?.stream).bytes()).toEqual(bytes?.subarray(size - 1));
      await files.delete(project, id);
      expect(await keysOf(id)).toEqual([]);
    },
  );

  test('that is given up leaves no object', async () => {
    const files = makeFiles(env.OBJECTS, () => 0);
    const id = newId();
    const writer = files.begin(project, id);
    await writer.write(new Uint8Array(9 * MIB));
    await writer.abort();
    expect(await keysOf(id)).toEqual([]);
    expect(await files.find(project, id)).toBeNull();
  });

  test('that has expired is as good as gone, and found for whoever wants to know why', async () => {
    const id = newId();
    const meta = await makeFiles(env.OBJECTS, () => 0)
      .begin(project, id)
      .commit(about);
    const later = makeFiles(env.OBJECTS, () => 1_000);
    expect(await later.head(project, id)).toBeNull();
    expect(await later.read(project, id)).toBeNull();
    expect(await later.open(project, id)).toBeNull();
    expect(await later.find(project, id)).toEqual(meta);
  });
});

describe('the index of uploads', () => {
  test('the cron deletes what is over, in R2 and in D1, and keeps the rest', async () => {
    const index = makeFileIndex(env.DB);
    const files = makeFiles(env.OBJECTS, () => 0);
    const begin = async (giveUpAtMs: number) => {
      const id = newId();
      await index.begin({ project, id, createdBy: 'key_1', createdAtMs: 1, giveUpAtMs });
      return id;
    };
    const [never, over, live] = [await begin(500), await begin(500), await begin(500)];
    const meta = await files.begin(project, over).commit(about);
    expect(await index.finish(project, meta, null)).toBe('done');
    const kept = await files.begin(project, live).commit({ ...about, expiresAtMs: 9_999_999 });
    expect(await index.finish(project, kept, 'k')).toBe('done');
    expect((await index.list(project, null, 10, 0)).map(({ id }) => id)).toEqual([live, over]);
    expect(await fireHourly(1_000)).toMatchObject({ outcome: 'ok' });
    expect(await index.list(project, null, 10, 0)).toEqual([kept]);
    expect([await keysOf(never), await keysOf(over)]).toEqual([[], []]);
    expect(await index.finish(project, meta, null)).toBe('gone');
  });

  test('an idempotency key is held by one upload of a project', async () => {
    const index = makeFileIndex(env.DB);
    const [first, second] = [newId(), newId()];
    for (const id of [first, second]) {
      await index.begin({ project, id, createdBy: 'key_1', createdAtMs: 1, giveUpAtMs: 500 });
    }
    expect(await index.finish(project, metaOf(first), 'same')).toBe('done');
    expect(await index.finish(project, metaOf(second), 'same')).toBe('taken');
    expect(await index.findByKey(project, 'same')).toEqual(metaOf(first));
    expect(await index.findByKey(projectId('prj_other'), 'same')).toBeNull();
  });
});
