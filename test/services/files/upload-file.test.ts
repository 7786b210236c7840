import { beforeEach, describe, expect, test } from 'vitest';

import type { Actor } from '../../../src/domain/access.ts';
import { projectId } from '../../../src/domain/ids.ts';
import { sweepFiles } from '../../../src/services/files/sweep-files.ts';
import { uploadFile, type UploadPiece } from '../../../src/services/files/upload-file.ts';
import { memoryFiles } from './memory-files.ts';

const actor: Actor = {
  id: 'key_1',
  project: projectId('prj_a'),
  scopes: new Set(['files:write']),
  isRoot: false,
};

let world: ReturnType<typeof memoryFiles>;
let uuids = 0;
beforeEach(() => {
  world = memoryFiles();
});

function deps() {
  const machine = {
    nowMs: () => 1_000,
    newUuid: () => {
      uuids += 1;
      return `01920000-0000-7000-8000-${String(uuids).padStart(12, '0')}`;
    },
    sha256: async (text: string) => text,
    wait: async () => {},
  };
  const fileLimits = { bytesMax: 2_000, types: ['text/*'] };
  return { ...world, machine, fileLimits, log: () => {} };
}

async function* pieces(text: string, pieceBytes = 7): AsyncGenerator<UploadPiece> {
  yield { kind: 'file', name: 'a', declaredType: 'text/plain', typePointer: '/file' };
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    yield { kind: 'bytes', bytes: bytes.subarray(at, at + pieceBytes) };
  }
}

function upload(text: string, idempotencyKey: string | null = null) {
  const order = { idempotencyKey, announcedBytes: null, pieces: pieces(text) };
  return uploadFile(deps(), actor, order);
}

describe('an upload', () => {
  test.each([1, 1_023, 1_024, 1_025, 2_000])('of %d bytes is kept whole', async (count) => {
    const text = 'x'.repeat(count);
    expect(await upload(text)).toMatchObject({
      ok: true,
      value: { kind: 'created', meta: { bytes: count, sha256: text, mimeType: 'text/plain' } },
    });
    expect(world.bytes.size).toBe(1);
  });

  test('of one byte too many is not', async () => {
    expect(await upload('x'.repeat(2_001))).toMatchObject({
      failure: { code: 'payload_too_large' },
    });
    expect([world.bytes.size, world.rows.size, world.open.size]).toEqual([0, 0, 0]);
  });

  test('without the scope does not begin', async () => {
    const weak = { ...actor, scopes: new Set<never>() };
    const order = { idempotencyKey: null, announcedBytes: null, pieces: pieces('x') };
    expect(await uploadFile(deps(), weak, order)).toMatchObject({ failure: { code: 'forbidden' } });
    expect(world.rows.size).toBe(0);
  });

  test.each(['write', 'commit', 'finish'])('whose %s fails leaves nothing', async (step) => {
    world.failing.add(step);
    await expect(upload('words')).rejects.toThrow(`${step} fails`);
    expect([world.bytes.size, world.rows.size, world.open.size]).toEqual([0, 0, 0]);
  });

  test('whose end could not even be cleared up is swept away an hour later', async () => {
    world.failing.add('finish').add('remove');
    await expect(upload('words')).rejects.toThrow('finish fails');
    expect([world.bytes.size, world.rows.size]).toEqual([0, 1]);
    world.failing.clear();
    await sweepFiles(deps(), 1_000 + 3_599_999);
    expect(world.rows.size).toBe(1);
    await sweepFiles(deps(), 1_000 + 3_600_000);
    expect(world.rows.size).toBe(0);
  });

  test('that was swept away while it went on is not there', async () => {
    const order = {
      idempotencyKey: null,
      announcedBytes: null,
      pieces: (async function* swept() {
        yield* pieces('words');
        world.rows.clear();
      })(),
    };
    expect(await uploadFile(deps(), actor, order)).toMatchObject({
      failure: { code: 'unavailable' },
    });
    expect(world.bytes.size).toBe(0);
  });

  test('under a key is made once, also when two of them race', async () => {
    const [first, second] = await Promise.all([upload('words', 'k'), upload('words', 'k')]);
    const kinds = [first, second].map((one) => (one.ok ? one.value.kind : 'refused'));
    expect(kinds.toSorted()).toEqual(['created', 'replayed']);
    expect(await upload('other', 'k')).toMatchObject({
      failure: { code: 'idempotency_key_reused' },
    });
    expect([world.bytes.size, world.rows.size]).toEqual([1, 1]);
  });
});

describe('the sweep', () => {
  test('keeps the entry of what it could not delete, and goes on with the others', async () => {
    await upload('a');
    await upload('b');
    const [stuck = ''] = [...world.rows.keys()];
    world.failing.add(`delete ${stuck}`);
    await sweepFiles(deps(), 1e12);
    expect([...world.rows.keys()]).toEqual([stuck]);
    world.failing.clear();
    await sweepFiles(deps(), 1e12);
    expect([world.bytes.size, world.rows.size]).toEqual([0, 0]);
  });
});
