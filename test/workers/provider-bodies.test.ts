import { expect, test } from 'vitest';

import { deepgramProviders } from '../../src/providers/deepgram/providers.ts';
import { contextOf, someFile } from '../providers/calling.ts';

test('a file goes out as the stream that it is read from', async () => {
  let sent: number[] = [];
  const adapter = deepgramProviders.deepgram.make({
    id: 'deepgram',
    baseUrl: 'https://api.deepgram.example/v1',
    apiKey: 'key',
    secretName: 'DEEPGRAM_API_KEY',
    fetch: async (url, init) => {
      expect(init.body).toBeInstanceOf(ReadableStream);
      sent = [...new Uint8Array(await new Request(url, init).arrayBuffer())];
      return Response.json({ results: { channels: [{ alternatives: [{ transcript: 'Yes.' }] }] } });
    },
    setting: () => undefined,
  });
  const call = { kind: 'transcribe', model: 'nova-3', audio: someFile('audio/wav') } as const;
  expect(await adapter.submitJob(call, contextOf())).toMatchObject({ kind: 'done' });
  expect(sent).toEqual([1, 2, 3]);
});
