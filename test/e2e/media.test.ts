import { expect, test } from 'vitest';

import { isJsonObject, type Json, type JsonObject } from '../../src/domain/json.ts';
import type { FileView } from '../../src/services/views/file-view.ts';
import { newTenant, type Tenant } from './support/api.ts';
import { eventsOf, publish, run } from './support/jobs.ts';
import { openai, type Definition } from './support/pipelines.ts';
import { callsOf, newModel } from './support/simulator-client.ts';

const PNG = Uint8Array.from(
  Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  ),
);
/** A WAV header and a little silence. */
const WAV = Uint8Array.from(
  Buffer.concat([
    Buffer.from('RIFF\u0034\0\0\0WAVEfmt \u0010\0\0\0\u0001\0\u0001\0', 'latin1'),
    Buffer.from('401f0000803e000002001000', 'hex'),
    Buffer.from('data\u0010\0\0\0', 'latin1'),
    Buffer.alloc(16),
  ]),
);

async function upload(api: Tenant, bytes: Uint8Array<ArrayBuffer>, type: string): Promise<string> {
  const sent = { raw: bytes, headers: { 'content-type': type } };
  const { status, body } = await api.send<FileView>('POST', '/v1/files', undefined, sent);
  expect(status).toBe(201);
  return body.id;
}

function oneStep(step: JsonObject, more: JsonObject = {}): Definition {
  return {
    name: 'media',
    steps: [{ id: 'a', ...step }],
    output: '${{ steps.a.output }}',
    ...more,
  };
}

async function runOne(api: Tenant, definition: Definition, input: Json) {
  await publish(api, definition);
  return run(api, { pipeline: 'media', input });
}

test('a chat sees an image that was uploaded, and the history has no byte of it', async () => {
  const api = await newTenant();
  const model = newModel();
  const photo = await upload(api, PNG, 'image/png');
  const job = await runOne(
    api,
    oneStep({
      uses: 'model.chat',
      route: openai(model),
      prompt: { messages: [{ role: 'user', content: 'What is it?' }] },
      with: { images: ['${{ input.photo }}'] },
    }),
    { photo },
  );
  expect(job.status).toBe('succeeded');
  const [call] = await callsOf(model);
  expect(JSON.stringify(call)).toContain('image_url');
  expect(job.steps[0]?.attempts[0]).toMatchObject({
    time_to_first_token_ms: expect.any(Number),
    usage: { output_tokens: expect.any(Number) },
  });
  expect(JSON.stringify(job)).not.toContain('raw_usage');
  const events = JSON.stringify(await eventsOf(api, job.id));
  expect(events).toContain('raw_usage');
  expect(events).not.toContain('iVBORw0KGgo');
});

test('images that a model makes are files of the job', async () => {
  const api = await newTenant();
  const model = newModel();
  const job = await runOne(
    api,
    oneStep({
      uses: 'model.image',
      route: { targets: [{ provider: 'openai', model }], drop_unsupported: true },
      with: { prompt: 'a gate', count: 2, seed: 7 },
      check: { asset: { mime_types: ['image/png'], max_width: 1 } },
    }),
    {},
  );
  expect(job).toMatchObject({
    status: 'succeeded',
    output: {
      images: [
        { mime_type: 'image/png', width: 1, height: 1 },
        { mime_type: 'image/png', width: 1, height: 1 },
      ],
    },
    steps: [{ attempts: [{ dropped: ['seed'] }] }],
  });
  const { output } = job;
  const images = isJsonObject(output) ? output['images'] : undefined;
  const first = Array.isArray(images) ? images[0] : undefined;
  const file = isJsonObject(first) ? first['file'] : undefined;
  if (typeof file !== 'string') throw new Error('no file');
  const { body } = await api.send<FileView>('GET', `/v1/files/${file}`);
  expect(body).toMatchObject({ id: file, mime_type: 'image/png' });
});

test('without leave to drop, nothing is sent, and the failure says how to mend it', async () => {
  const api = await newTenant();
  const model = newModel();
  const job = await runOne(
    api,
    oneStep({
      uses: 'model.image',
      route: openai(model),
      with: { prompt: 'a gate', seed: 7 },
    }),
    {},
  );
  expect(job).toMatchObject({
    status: 'failed',
    steps: [{ error: { class: 'unsupported_parameter', phase: 'not_sent' } }],
  });
  expect(job.steps[0]?.error?.message).toContain('drop_unsupported');
  expect(await callsOf(model)).toEqual([]);
});

test('a recording is written down', async () => {
  const api = await newTenant();
  const model = newModel();
  const audio = await upload(api, WAV, 'audio/wav');
  const job = await runOne(
    api,
    oneStep({
      uses: 'model.transcribe',
      route: openai(model),
      with: { audio: '${{ input.audio }}' },
    }),
    { audio },
  );
  expect(job).toMatchObject({
    status: 'succeeded',
    output: { text: expect.stringContaining('transcript'), segments: [], words: [] },
  });
});

test('a file of another project is not there, and nothing is paid', async () => {
  const [owner, other] = [await newTenant(), await newTenant()];
  const model = newModel();
  const photo = await upload(owner, PNG, 'image/png');
  const job = await runOne(
    other,
    oneStep({
      uses: 'model.moderate',
      route: openai(model),
      with: { images: ['${{ input.photo }}'] },
    }),
    { photo },
  );
  expect(job).toMatchObject({
    status: 'failed',
    cost: { nano_usd: 0, unpriced_attempts: 0 },
    steps: [
      {
        error: {
          class: 'step_input_invalid',
          violations: [{ pointer: '/with/images/0', code: 'file_not_found' }],
        },
      },
    ],
  });
  expect(await callsOf(model)).toEqual([]);
});

test('a text is held against the word list without a key', async () => {
  const api = await newTenant();
  const target = { provider: 'builtin', model: 'wordlist-moderation-1' };
  const step = oneStep({
    uses: 'model.moderate',
    route: { targets: [target] },
    with: { text: '${{ input.text }}' },
  });
  const job = await runOne(api, step, { text: 'I will k1ll you' });
  expect(job).toMatchObject({
    status: 'succeeded',
    output: { flagged: true, categories: { threats: true }, usage: { characters: 15 } },
  });
});
