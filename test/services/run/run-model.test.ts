import { describe, expect, test } from 'vitest';

import type { ModelResult } from '../../../src/domain/model/model-call.ts';
import type { CallOutcome } from '../../../src/providers/port.ts';
import { fileId } from '../../steps/model/support.ts';
import { FakeAttempt, FakeFiles, fileMeta } from './fake-attempt.ts';

const question = { messages: [{ role: 'user', content: 'Hi' }] };
const [photo, sound] = [fileId('1'), fileId('2')];
/** The smallest PNG header that tells a size: 2 × 1 pixels. */
const PNG = '89504e470d0a1a0a0000000d49484452000000020000000108060000000000000000';

function base64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}

function done(result: ModelResult, rawUsage: object | null = { n: 1 }): CallOutcome {
  return {
    kind: 'done',
    reply: {
      result,
      usage: { inputTokens: 1, outputTokens: 1 },
      rawUsage: rawUsage as never,
      returnedModel: 'm-1',
      providerRequestId: 'r1',
    },
  };
}

const said = done({ kind: 'chat', text: 'Hello', finishReason: 'stop' });

function picture(data: string): CallOutcome {
  const source = { kind: 'base64' as const, data };
  return done({ kind: 'image', images: [{ media: { source, mimeType: 'image/png' } }] });
}

function chatWith(route: object) {
  return { uses: 'model.chat', route } as never;
}

function unsupported(): string[] {
  return ['seed', 'topP'];
}

test('an answer that was no JSON is asked for again as such, not as a text that breaks the schema', async () => {
  const violations = [{ pointer: '', code: 'not_json', message: 'the answer is not valid JSON' }];
  const attempt = new FakeAttempt(
    { uses: 'model.chat', check: { schema: { type: 'object' } } },
    { answer: () => said, work: { reAsk: { rejected: 'In a good mood.', violations } } },
  );
  await attempt.run(question);
  expect(JSON.stringify(attempt.calls)).toContain('the answer is not valid JSON');
});

describe('what is known of a model', () => {
  const parameters = { temperature: 0.2, seed: 7 };
  const targets = [{ provider: 'fake', model: 'm', parameters }];
  const known = { refuses: ['temperature' as const] };

  test('spares a call that it would refuse', async () => {
    const attempt = new FakeAttempt(chatWith({ targets }), { known, answer: () => said });
    expect(await attempt.run(question)).toMatchObject({
      facts: { costNanoUsd: 0 },
      result: {
        ok: false,
        failure: { code: 'model_capability', message: 'm does not take `temperature`' },
      },
    });
    expect(attempt.calls).toEqual([]);
  });

  test('leaves out what it refuses where the route lets it', async () => {
    const attempt = new FakeAttempt(chatWith({ targets, drop_unsupported: true }), {
      known,
      answer: () => said,
    });
    expect(await attempt.run(question)).toMatchObject({ facts: { dropped: ['temperature'] } });
    expect(attempt.calls).toMatchObject([{ parameters: { seed: 7 } }]);
  });
});

describe('what a target cannot be told', () => {
  const parameters = { seed: 7, top_p: 0.5 };

  test('fails before anything is sent, and says how to mend it', async () => {
    const attempt = new FakeAttempt(
      chatWith({ targets: [{ provider: 'fake', model: 'm', parameters }] }),
      { unsupported, answer: () => said },
    );
    const ran = await attempt.run(question);
    expect(attempt.calls).toEqual([]);
    expect(ran).toMatchObject({
      facts: { costNanoUsd: 0 },
      result: { failure: { class: 'unsupported_parameter', phase: 'not_sent' } },
    });
    expect(JSON.stringify(ran)).toMatch(/`seed`, `top_p`.*drop_unsupported.*another target/);
  });

  test('is left out where the route allows it, and told in the facts', async () => {
    const attempt = new FakeAttempt(
      chatWith({
        drop_unsupported: true,
        targets: [{ provider: 'fake', model: 'm', parameters: { ...parameters, temperature: 1 } }],
      }),
      {
        unsupported: (call) =>
          call.kind === 'chat' && call.parameters.seed !== undefined ? unsupported() : [],
        answer: () => said,
      },
    );
    const ran = await attempt.run(question);
    expect(attempt.calls).toMatchObject([{ parameters: { temperature: 1 } }]);
    expect(attempt.calls[0]).not.toHaveProperty('parameters.seed');
    expect(ran.facts).toMatchObject({ dropped: ['seed', 'top_p'] });
  });

  test('is not left out when it is what the step is about', async () => {
    const attempt = new FakeAttempt(
      { uses: 'model.image', route: { drop_unsupported: true, targets: [target] } },
      { unsupported: () => ['images', 'seed'] },
      new FakeFiles(fileMeta(photo, 'image/png')),
    );
    const ran = await attempt.run({ prompt: 'p', images: [photo], seed: 1 });
    expect(attempt.calls).toEqual([]);
    expect(ran.result).toMatchObject({ failure: { class: 'unsupported_parameter' } });
    expect(JSON.stringify(ran.result)).toContain('`images`');
  });

  test('tools go with their choice, a count becomes one, a schema a plain text', async () => {
    const answers = { answer: () => said };
    const chat = new FakeAttempt(
      {
        uses: 'model.chat',
        route: { drop_unsupported: true, targets: [target] },
        check: { schema: {} },
      },
      {
        ...answers,
        unsupported: (call) =>
          call.kind === 'chat' && call.tools !== undefined ? ['tools', 'output'] : [],
      },
    );
    await chat.run({ ...question, tools: [{ name: 'a' }], tool_choice: 'required' });
    expect(chat.calls[0]).not.toHaveProperty('tools');
    expect(chat.calls[0]).not.toHaveProperty('toolChoice');
    expect(chat.calls[0]).toHaveProperty('output', { kind: 'text' });
    const image = new FakeAttempt(
      { uses: 'model.image', route: { drop_unsupported: true, targets: [target] } },
      {
        unsupported: (call) => (call.kind === 'image' && call.count > 1 ? ['count'] : []),
        answer: () => picture(base64(PNG)),
      },
    );
    expect(await image.run({ prompt: 'p', count: 4 })).toMatchObject({
      facts: { dropped: ['count'] },
    });
    expect(image.calls).toMatchObject([{ count: 1 }]);
  });
});

const target = { provider: 'fake', model: 'm' };

describe('the target', () => {
  test('says how it is run, and what only it knows', async () => {
    const attempt = new FakeAttempt(
      chatWith({ targets: [{ ...target, execution: 'sync', options: { tier: 'flex' } }] }),
      { answer: () => said },
    );
    await attempt.run(question);
    expect(attempt.calls).toMatchObject([{ execution: 'sync', options: { tier: 'flex' } }]);
  });

  test('is not run in a way that its provider lacks, whatever the route drops', async () => {
    const attempt = new FakeAttempt(
      chatWith({ drop_unsupported: true, targets: [{ ...target, execution: 'batch' }] }),
      { answer: () => said, capabilities: { executions: { chat: ['sync', 'background'] } } },
    );
    const { result } = await attempt.run(question);
    expect(attempt.calls).toEqual([]);
    expect(result).toMatchObject({
      failure: { class: 'unsupported_parameter', message: expect.stringContaining('`batch`') },
    });
  });
});

describe('files', () => {
  const seen = {
    messages: [{ role: 'user', content: [{ type: 'image', file: photo }] }],
  };

  test('are found before the call, and go in as what is known of them', async () => {
    const files = new FakeFiles(fileMeta(photo, 'IMAGE/PNG; x=1'));
    const attempt = new FakeAttempt({ uses: 'model.chat' }, { answer: () => said }, files);
    await attempt.run(seen);
    expect(attempt.calls).toMatchObject([
      {
        messages: [
          {
            content: [
              {
                type: 'image',
                media: { file: photo, mimeType: 'image/png', bytes: 10, sha256: 'ab', name: 'a' },
              },
            ],
          },
        ],
      },
    ]);
  });

  test.each([
    ['one that is not there', new FakeFiles(), 'file_not_found'],
    ['one of another type', new FakeFiles(fileMeta(photo, 'audio/wav')), 'file_type'],
  ])('%s fails the step with its place, and costs nothing', async (_, files, code) => {
    const attempt = new FakeAttempt({ uses: 'model.chat' }, { answer: () => said }, files);
    const ran = await attempt.run(seen);
    expect(attempt.calls).toEqual([]);
    expect(ran).toMatchObject({
      facts: { costNanoUsd: 0 },
      result: {
        failure: {
          class: 'step_input_invalid',
          phase: 'not_sent',
          violations: [{ pointer: '/with/messages/0/content/0/file', code }],
        },
      },
    });
  });

  test('are looked for again when R2 did not answer', async () => {
    const files = new FakeFiles(fileMeta(sound, 'video/mp4'));
    files.failing = 1;
    const attempt = new FakeAttempt({ uses: 'model.transcribe' }, {}, files);
    const { result } = await attempt.run({ audio: sound });
    expect(result).toMatchObject({ failure: { class: 'network', phase: 'not_sent' } });
  });
});

describe('what a model makes', () => {
  const poster = { uses: 'model.image' } as const;

  test('is kept as a file of the job, with what its bytes tell', async () => {
    const attempt = new FakeAttempt(poster, { answer: () => picture(base64(PNG)) });
    const { result } = await attempt.run({ prompt: 'p' });
    expect(result).toMatchObject({
      ok: true,
      output: {
        images: [
          {
            file: expect.stringMatching(/^file_0{34}_[0-9a-f]{24}$/),
            mime_type: 'image/png',
            width: 2,
            height: 1,
            bytes: PNG.length / 2,
          },
        ],
        model: 'm-1',
      },
    });
    expect(attempt.files.put).toHaveLength(1);
  });

  test('is put away again while R2 does not answer', async () => {
    const attempt = new FakeAttempt(poster, { answer: () => picture(base64(PNG)) });
    attempt.files.failing = 3;
    expect((await attempt.run({ prompt: 'p' })).result).toMatchObject({ ok: true });
  });

  test('is paid for although it cannot be kept, and is not made again unasked', async () => {
    const attempt = new FakeAttempt(poster, { answer: () => picture(base64(PNG)) });
    attempt.files.failing = 100;
    expect(await attempt.run({ prompt: 'p' })).toMatchObject({
      facts: { usage: { inputTokens: 1 }, returnedModel: 'm-1' },
      result: { failure: { class: 'internal', phase: 'finished' } },
    });
  });

  test('is nothing: the output is no good', async () => {
    const attempt = new FakeAttempt(poster, { answer: () => done({ kind: 'image', images: [] }) });
    expect((await attempt.run({ prompt: 'p' })).result).toMatchObject({
      failure: { class: 'output_invalid', phase: 'finished' },
    });
  });

  test('is held against the check of images', async () => {
    const check = { asset: { mime_types: ['image/webp'], min_width: 3, max_height: 1 } };
    const attempt = new FakeAttempt({ ...poster, check }, { answer: () => picture(base64(PNG)) });
    expect((await attempt.run({ prompt: 'p' })).result).toMatchObject({
      failure: {
        class: 'output_invalid',
        violations: [{ pointer: '/images/0/mime_type' }, { pointer: '/images/0/width' }],
      },
    });
  });
});

describe('facts', () => {
  test('say when the first piece of text came, and what the provider said of usage', async () => {
    const attempt: FakeAttempt = new FakeAttempt(
      { uses: 'model.chat' },
      {
        answer: (_call, { onText }) => {
          attempt.nowMs += 40;
          onText?.('Hel');
          attempt.nowMs += 60;
          onText?.('lo');
          return said;
        },
      },
    );
    expect((await attempt.run(question)).facts).toMatchObject({
      latencyMs: 100,
      timeToFirstTokenMs: 40,
      rawUsage: { n: 1 },
      codeVersion: 3,
      finishReason: 'stop',
    });
  });

  test('have no time to the first token of what is not streamed, and no huge usage', async () => {
    const answer = done(
      { kind: 'chat', text: 'x', finishReason: 'stop' },
      { n: 'x'.repeat(5_000) },
    );
    const attempt = new FakeAttempt({ uses: 'model.chat' }, { answer: () => answer });
    const { facts } = await attempt.run(question);
    expect(facts).not.toHaveProperty('timeToFirstTokenMs');
    expect(facts).not.toHaveProperty('rawUsage');
    expect(facts).not.toHaveProperty('dropped');
  });
});

test('an answer that asks for tools is not held against the schema of the answer', async () => {
  const toolCalls = [{ id: 'c', name: 'a', arguments: '{}' }];
  const asks = done({ kind: 'chat', text: '', finishReason: 'tool_calls', toolCalls });
  const attempt = new FakeAttempt(
    { uses: 'model.chat', check: { schema: { type: 'object', required: ['urgency'] } } },
    { answer: () => asks },
  );
  expect((await attempt.run({ ...question, tools: [{ name: 'a' }] })).result).toMatchObject({
    ok: true,
    output: { tool_calls: toolCalls },
  });
});
