import { describe, expect, test } from 'vitest';

import type { ModelResult } from '../../../src/domain/model/model-call.ts';
import { modelSteps } from '../../../src/steps/model/table.ts';
import { fileId, mediaRef, replyWith, settingWith } from './support.ts';

const file = fileId('1');
const kept = { file, mime_type: 'image/png', bytes: 10, sha256: 'ab', width: 2, height: 1 };

describe('model.image', () => {
  const step = modelSteps['model.image'];
  const media = new Map([[file, mediaRef(file, 'image/png')]]);

  test.each([
    ['1024x512', { width: 1_024, height: 512 }],
    [
      { width: 64, height: 32 },
      { width: 64, height: 32 },
    ],
  ])('takes the size %o', (size, expected) => {
    const made = step.call(step.input.parse({ prompt: 'p', size }), settingWith());
    expect(made).toMatchObject({ value: { size: expected } });
  });

  test('asks for one image unless told, and for nothing that nobody asked for', () => {
    expect(step.call(step.input.parse({ prompt: 'p' }), settingWith())).toEqual({
      ok: true,
      value: { kind: 'image', model: 'm', prompt: 'p', count: 1 },
    });
  });

  test('passes everything else on in neutral names', () => {
    const input = step.input.parse({
      prompt: 'p',
      count: 2,
      format: 'webp',
      quality: 'low',
      seed: 7,
      negative_prompt: 'rain',
      images: [file],
    });
    expect(step.files?.(input)).toEqual([{ id: file, path: ['images', 0], use: 'image' }]);
    expect(step.call(input, settingWith({ media }))).toEqual({
      ok: true,
      value: {
        kind: 'image',
        model: 'm',
        prompt: 'p',
        count: 2,
        format: 'webp',
        quality: 'low',
        seed: 7,
        negativePrompt: 'rain',
        images: [mediaRef(file, 'image/png')],
      },
    });
  });

  test.each(['big', '0x5', '1024×1024', { width: 1 }])('refuses the size %o', (size) => {
    expect(step.input.safeParse({ prompt: 'p', size }).success).toBe(false);
  });

  test('gives what was kept, with the prompt that the provider made', () => {
    const source = { kind: 'base64' as const, data: '' };
    const produced = { source, mimeType: null };
    const result: ModelResult = {
      kind: 'image',
      images: [{ media: produced, revisedPrompt: 'a better p' }, { media: produced }],
    };
    const output = step.output(replyWith(result, { usage: { images: 2 } }), settingWith(), [
      kept,
      kept,
    ]);
    expect(output).toEqual({
      ok: true,
      value: {
        images: [{ ...kept, revised_prompt: 'a better p' }, kept],
        model: 'm-2026',
        usage: { images: 2 },
      },
    });
  });
});

describe('model.transcribe', () => {
  const step = modelSteps['model.transcribe'];
  const media = new Map([[file, mediaRef(file, 'audio/wav')]]);

  test('asks in neutral names', () => {
    const asked = { audio: file, language: 'en', prompt: 'Ada', timestamps: 'word', diarize: true };
    const input = step.input.parse(asked);
    expect(step.files?.(input)).toEqual([{ id: file, path: ['audio'], use: 'recording' }]);
    expect(step.call(input, settingWith({ media }))).toEqual({
      ok: true,
      value: { ...asked, kind: 'transcribe', model: 'm', audio: mediaRef(file, 'audio/wav') },
    });
  });

  test('gives the text and its times', () => {
    const segments = [{ text: 'Hi', start: 0, end: 1.5, speaker: 'A' }];
    const result: ModelResult = {
      kind: 'transcribe',
      text: 'Hi',
      language: null,
      durationSeconds: 1.5,
      segments,
      words: [],
    };
    expect(
      step.output(replyWith(result, { usage: { audioMs: 1_500 } }), settingWith(), []),
    ).toEqual({
      ok: true,
      value: {
        text: 'Hi',
        language: null,
        duration_seconds: 1.5,
        segments,
        words: [],
        model: 'm-2026',
        usage: { audio_ms: 1_500 },
      },
    });
  });
});

describe('model.moderate', () => {
  const step = modelSteps['model.moderate'];

  test.each([{}, { text: '' }, { images: [] }])('refuses %o', (input) => {
    expect(step.input.safeParse(input).success).toBe(false);
  });

  test('gives a verdict and a score for every category', () => {
    const result: ModelResult = {
      kind: 'moderate',
      flagged: true,
      categories: [
        { category: 'violence', flagged: true, score: 0.9 },
        { category: 'hate/threatening', flagged: false, score: null },
      ],
    };
    expect(step.output(replyWith(result, { usage: {} }), settingWith(), [])).toEqual({
      ok: true,
      value: {
        flagged: true,
        categories: { violence: true, 'hate/threatening': false },
        scores: { violence: 0.9, 'hate/threatening': null },
        model: 'm-2026',
      },
    });
  });
});

test('model.embed says what the vectors are for', () => {
  const step = modelSteps['model.embed'];
  const input = step.input.parse({ texts: ['t'], input_type: 'query' });
  expect(step.call(input, settingWith())).toEqual({
    ok: true,
    value: { kind: 'embed', model: 'm', texts: ['t'], inputType: 'query' },
  });
});

test('a reply of another kind is a defect of the adapter', () => {
  const reply = replyWith({ kind: 'embed', vectors: [] });
  for (const uses of ['model.image', 'model.transcribe', 'model.moderate', 'model.chat'] as const) {
    expect(modelSteps[uses].output(reply, settingWith(), [])).toMatchObject({
      ok: false,
      failure: { class: 'internal', phase: 'finished' },
    });
  }
});
