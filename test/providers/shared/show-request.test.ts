import { expect, test } from 'vitest';

import type { MediaRef } from '../../../src/domain/model/media.ts';
import type { TranscribeCall } from '../../../src/domain/model/model-call.ts';
import { showRequest } from '../../../src/providers/http/show-request.ts';
import {
  FileBody,
  MediaSlot,
  MultipartBody,
  type WireBody,
} from '../../../src/providers/http/wire-body.ts';
import type { ProviderAdapter, WireRequest } from '../../../src/providers/port.ts';

const media: MediaRef = {
  file: `file_${'0'.repeat(32)}` as MediaRef['file'],
  mimeType: 'audio/wav',
  bytes: 44,
  sha256: 'f'.repeat(64),
  name: 'speech.wav',
};
const call: TranscribeCall = { kind: 'transcribe', model: 'm', audio: media };
const named = { file: media.file, name: 'speech.wav', mime_type: 'audio/wav', bytes: 44 };

function adapterOf(request: Partial<WireRequest>, local = false): ProviderAdapter {
  const base = { method: 'POST', path: '/x', headers: {}, body: {} } as const;
  return {
    capabilities: { kinds: ['transcribe'], local },
    transformInput: () => ({ ...base, ...request }),
  } as unknown as ProviderAdapter;
}

function bodyOf(body: WireBody): unknown {
  return showRequest(adapterOf({ body }), call)?.body;
}

test('files are their names, wherever they stand in a request', () => {
  expect(bodyOf(new FileBody(media))).toEqual({ ...named, sent_as: 'bytes' });
  const slot = new MediaSlot(media, 'data_url');
  expect(bodyOf({ parts: [{ image: slot }, 'text', 7, null] })).toEqual({
    parts: [{ image: { ...named, sent_as: 'data_url' } }, 'text', 7, null],
  });
  const form = new MultipartBody([
    { name: 'model', value: 'm' },
    { name: 'file', value: media },
  ]);
  expect(bodyOf(form)).toEqual([
    { name: 'model', value: 'm' },
    { name: 'file', value: { ...named, sent_as: 'bytes' } },
  ]);
});

test('what comes from the deployment’s settings is not shown', () => {
  const headers = { 'content-type': 'application/json', 'X-Tenant': 'secret-of-ours' };
  const path = '/v1/run?version=2&api_key=secret-of-ours&sig=secret-of-ours';
  const shown = showRequest(adapterOf({ headers, path }), call);
  expect(shown?.headers).toEqual({
    'content-type': 'application/json',
    'X-Tenant': '(set by the deployment)',
  });
  expect(shown?.path).toContain('version=2');
  expect(JSON.stringify(shown)).not.toContain('secret-of-ours');
});

test('long texts and lists are cut, and say so', () => {
  const shown = bodyOf({ text: 'x'.repeat(30_000) });
  expect(JSON.stringify(shown).length).toBeLessThan(21_000);
  expect(JSON.stringify(shown)).toContain('10000 more characters');
  const list = bodyOf({ texts: Array.from({ length: 1_000 }, () => 'x') });
  expect(JSON.stringify(list)).toContain('800 more');
});

test('there is nothing to show of a call that is not sent', () => {
  expect(showRequest(adapterOf({}, true), call)).toBeNull();
  expect(showRequest(adapterOf({}), { kind: 'embed', model: 'm', texts: ['a'] })).toBeNull();
  expect(showRequest(adapterOf({ method: 'GET', body: { a: 1 } }), call)?.body).toBeNull();
});
