import { beforeEach, describe, expect, test } from 'vitest';

import { jobIdOf, projectId } from '../../../src/domain/ids.ts';
import type { Failure } from '../../../src/domain/job/failure.ts';
import { fetchFile } from '../../../src/services/files/fetch-file.ts';
import { keepMedia } from '../../../src/services/files/keep-media.ts';
import type { Fetched, Outside } from '../../../src/services/outbound/outside.ts';
import { memoryFiles } from './memory-files.ts';

const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const PNG_BYTES = Uint8Array.from(atob(PNG), (character) => character.charCodeAt(0));
const jobId = jobIdOf('01920000-0000-7000-8000-000000000001', 7);
const owner = { project: projectId('prj_a'), jobId, signal: new AbortController().signal };

let world: ReturnType<typeof memoryFiles>;
beforeEach(() => {
  world = memoryFiles();
});

function deps(found: Partial<Fetched> | Failure = {}) {
  const waits: number[] = [];
  const outside: Outside = {
    check: async () => ({ ok: true, value: new URL('https://example.com') }),
    get: async () =>
      'class' in found
        ? { ok: false, failure: found }
        : {
            ok: true,
            value: { bytes: PNG_BYTES, contentType: null, name: 'a.png', url: 'u', ...found },
          },
  };
  const machine = {
    nowMs: () => 5,
    wait: async (ms: number) => {
      waits.push(ms);
      if (waits.length === 2) world.failing.clear();
    },
  };
  return { files: world.files, outside, machine, log: () => {}, waits };
}

describe('what a provider made', () => {
  test.each([
    { kind: 'base64' as const, data: PNG },
    { kind: 'url' as const, url: 'https://example.com/' },
  ])('as $kind is kept once, with what its bytes tell', async (source) => {
    const media = { source, mimeType: 'image/jpeg' };
    const kept = await keepMedia(deps(), owner, media);
    expect(kept).toMatchObject({
      ok: true,
      value: { mime_type: 'image/png', bytes: PNG_BYTES.length, width: 1, height: 1 },
    });
    expect(await keepMedia(deps(), owner, media)).toEqual(kept);
    expect(world.bytes.size).toBe(1);
    expect([...world.bytes.keys()][0]).toContain(jobId.slice('job_'.length));
  });

  test('is not given up because it could not be put away at once', async () => {
    world.failing.add('putBytes');
    const steady = deps();
    const media = { source: { kind: 'base64' as const, data: PNG }, mimeType: null };
    expect(await keepMedia(steady, owner, media)).toMatchObject({ ok: true });
    expect(steady.waits).toHaveLength(2);
  });

  test('and cannot be had is a failure after the work', async () => {
    const url = { source: { kind: 'url' as const, url: 'https://10.0.0.1/' }, mimeType: null };
    const refused: Failure = {
      class: 'step_input_invalid',
      phase: 'not_sent',
      code: 'url_address',
      message: 'no',
    };
    expect(await keepMedia(deps(refused), owner, url)).toMatchObject({
      failure: { class: 'output_invalid', phase: 'finished', code: 'url_address' },
    });
    const broken = { source: { kind: 'base64' as const, data: '%%%' }, mimeType: null };
    expect(await keepMedia(deps(), owner, broken)).toMatchObject({
      failure: { class: 'output_invalid', phase: 'finished', code: 'not_base64' },
    });
  });
});

describe('a fetched file', () => {
  const order = { url: 'https://example.com/', max_bytes: 100, timeoutMs: 1 };

  test.each<[string | null, readonly string[] | undefined, unknown]>([
    [null, undefined, { value: { mime_type: 'image/png', name: 'a.png' } }],
    ['image/png', ['image/*'], { value: { mime_type: 'image/png' } }],
    // A careless server.
    ['text/html; charset=utf-8', undefined, { value: { mime_type: 'image/png' } }],
    ['text/html', ['image/*'], { failure: { code: 'file_type_mismatch' } }],
    ['image/png', ['application/pdf', 'audio/*'], { failure: { code: 'type_not_accepted' } }],
  ])('declared as %s where %s is accepted', async (contentType, accept, expected) => {
    const outcome = await fetchFile(deps({ contentType }), owner, { ...order, accept });
    expect(outcome).toMatchObject(expected as object);
  });

  test('without bytes is none', async () => {
    const empty = deps({ bytes: new Uint8Array() });
    expect(await fetchFile(empty, owner, order)).toMatchObject({ failure: { code: 'empty' } });
    expect(world.bytes.size).toBe(0);
  });
});
