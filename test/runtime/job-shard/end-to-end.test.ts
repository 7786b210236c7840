import { describe, expect, test } from 'vitest';

import type { DefinitionBody } from '../../support/engine-driver.ts';
import type { JobShard } from '../../../src/services/ports/job-shard/job-shard.ts';
import { World, type Answer, type Call } from '../../support/shard-world.ts';

function chatAnswer(text: string, usage = { prompt_tokens: 100, completion_tokens: 20 }): Answer {
  return () =>
    Response.json({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      model: 'gpt-4.1-mini-2025-04-14',
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: text } }],
      usage: { ...usage, total_tokens: usage.prompt_tokens + usage.completion_tokens },
    });
}

type Message = { readonly role: string; readonly content: string };

/** What the provider was asked. */
function messagesOf(call: Call | undefined): readonly Message[] {
  if (call === undefined) throw new Error('the provider was not called');
  return (call.body as { readonly messages: Message[] }).messages;
}

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  () =>
    Response.json({ error: { message: 'no', type: 'x', code: null } }, { status: code, headers });

/** Answers only when the call is aborted, as a hanging server does. */
const hanging: Answer = ({ signal }) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });

const openai = { provider: 'openai', model: 'gpt-4.1-mini' };
const chat: DefinitionBody = {
  steps: [
    {
      id: 'ask',
      uses: 'model.chat',
      route: { targets: [openai] },
      prompt: { messages: [{ role: 'user', content: 'Count {{ vars.what }}.' }] },
      with: { vars: { what: '${{ input.what }}' } },
      check: {
        schema: { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } },
        re_ask: 1,
      },
      timeouts: { attempt: '2m' },
    },
  ],
  output: { n: '${{ steps.ask.output.json.n }}' },
};

const paragraph = (name: string, number: number) =>
  `${name} reported incident ${number} from the warehouse in Rotterdam. The conveyor stopped for ${number} minutes because a sensor failed. Write to ${name.toLowerCase()}@example.com about it. `;

describe('a document through the builtin models', () => {
  const digest: DefinitionBody = {
    steps: [
      { id: 'clean', uses: 'text.normalize', with: { text: '${{ input.text }}' } },
      {
        id: 'redact',
        uses: 'text.redact',
        with: { text: '${{ steps.clean.output.text }}', entities: ['email'] },
      },
      {
        id: 'chunk',
        uses: 'text.chunk',
        with: { text: '${{ steps.redact.output.text }}', max_chars: 600 },
      },
      {
        id: 'sections',
        uses: 'model.summarize',
        for_each: '${{ steps.chunk.output.chunks }}',
        max_concurrency: 4,
        route: 'summary',
        with: { text: '${{ item.text }}', max_sentences: 1 },
      },
      {
        id: 'language',
        uses: 'model.classify',
        route: { targets: [{ provider: 'builtin', model: 'language-id-1' }] },
        with: { text: '${{ steps.redact.output.text }}' },
      },
      {
        id: 'rank',
        uses: 'model.rerank',
        if: "${{ steps.language.output.label == 'en' }}",
        route: { targets: [{ provider: 'builtin', model: 'bm25-rank-1' }] },
        with: {
          query: 'conveyor sensor',
          documents: '${{ steps.chunk.output.chunks.map(c, c.text) }}',
          top_n: 1,
        },
      },
    ],
    routes: { summary: { targets: [{ provider: 'builtin', model: 'extractive-summary-1' }] } },
    output: {
      language: '${{ steps.language.output.label }}',
      sections: '${{ steps.sections.output.map(s, s.summary) }}',
      best: '${{ steps.rank.output.results[0].index }}',
      chunks: '${{ size(steps.chunk.output.chunks) }}',
    },
  };
  const text = Array.from({ length: 30 }, (_, index) => paragraph(`Anna${index}`, index + 3)).join(
    '\n\n',
  );

  test('gives a result, costs nothing, and is one call a hop', async () => {
    const world = new World();
    const jobId = world.driver.create(digest, { input: { text } });
    let hops = 0;
    const counting = { ...world.driver.client() };
    await world.run(jobId, {}, { next: (request) => ((hops += 1), counting.next(request)) });
    const view = await world.view(jobId);
    expect(view).toMatchObject({
      status: 'succeeded',
      output: { language: 'en', best: expect.any(Number), chunks: expect.any(Number) },
      cost: { nano_usd: 0, unpriced_attempts: 0 },
    });
    const { sections, chunks } = view.output as { sections: string[]; chunks: number };
    expect(sections).toHaveLength(chunks);
    expect(chunks).toBeGreaterThan(4);
    expect(JSON.stringify(view.output)).not.toContain('@example.com');
    expect(
      world.driver.events(jobId).filter(({ type }) => type === 'attempt.started'),
    ).toHaveLength(5 + chunks);
    // Three steps in a row, the map in rounds of four, and the last report.
    expect(hops).toBeLessThanOrEqual(4 + Math.ceil(chunks / 4) + 1);
    await world.driver.settleHistory();
    expect(world.driver.recorded.get(jobId)?.calls.size).toBe(chunks + 2);
  });

  test('gives the same result when the shard is restarted before every single call', async () => {
    const plain = new World();
    const first = plain.driver.create(digest, { input: { text } });
    await plain.run(first);
    const world = new World();
    const jobId = world.driver.create(digest, { input: { text } });
    await world.run(
      jobId,
      {},
      {
        next: async (request) => {
          world.driver.restart();
          return world.driver.client().next(request);
        },
      },
    );
    expect((await world.view(jobId)).output).toEqual((await plain.view(first)).output);
  });

  test('gives the same result when every answer of the shard is lost once', async () => {
    const world = new World();
    const jobId = world.driver.create(digest, { input: { text } });
    const seen = new Set<string>();
    const turn = world.run(
      jobId,
      {},
      {
        next: async (request) => {
          const answer = await world.driver.client().next(request);
          if (seen.has(request.requestId)) return answer;
          seen.add(request.requestId);
          throw new Error('the answer is lost');
        },
      },
    );
    await world.driver.pass(60_000);
    await turn;
    expect(world.driver.state(jobId).status).toBe('succeeded');
    const started = world.driver.events(jobId).filter(({ type }) => type === 'attempt.started');
    expect(started.every(({ attempt }) => attempt === 1)).toBe(true);
  });
});

describe('a hosted model', () => {
  test('is called once, checked, priced and told of', async () => {
    const world = new World();
    world.answers = [chatAnswer('{"n": 3}')];
    const jobId = world.driver.create(chat, { input: { what: 'apples' } });
    await world.run(jobId);
    expect(world.calls).toMatchObject([
      { key: `${jobId}:ask#1`, body: { messages: [{ role: 'user', content: 'Count apples.' }] } },
    ]);
    const view = await world.view(jobId);
    expect(view).toMatchObject({
      status: 'succeeded',
      output: { n: 3 },
      cost: { unpriced_attempts: 0 },
    });
    expect(view.cost.nano_usd).toBeGreaterThan(0);
  });

  test('that is rate limited is called again when it said so, by the runner of a new hint', async () => {
    const world = new World();
    world.answers = [status(429, { 'retry-after': '7' }), chatAnswer('{"n": 3}')];
    const jobId = world.driver.create(chat, { input: { what: 'apples' } });
    await world.driver.quiet();
    await world.run(jobId);
    expect(world.driver.snapshot(jobId).waitingOn).toMatchObject({
      kind: 'rate_limit',
      untilAtMs: world.driver.nowMs + 7_000,
    });
    world.driver.wakes = [];
    await world.driver.pass(6_999);
    expect(world.driver.wakes).toEqual([]);
    await world.driver.pass(1);
    expect(world.driver.wakes).toHaveLength(1);
    await world.run(jobId);
    expect(world.driver.state(jobId).status).toBe('succeeded');
    expect(world.calls.map(({ key }) => key)).toEqual([`${jobId}:ask#1`, `${jobId}:ask#2`]);
  });

  test('that answers the wrong shape is shown its answer and what to mend', async () => {
    const world = new World();
    world.answers = [chatAnswer('{"n": "three"}'), chatAnswer('{"n": 3}')];
    const jobId = world.driver.create(chat, { input: { what: 'apples' } });
    await world.run(jobId);
    expect(world.driver.state(jobId).status).toBe('succeeded');
    const messages = messagesOf(world.calls[1]);
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(messages[1]?.content).toBe('{"n":"three"}');
    expect(messages[2]?.content).toContain('/n');
  });

  test('that hangs is cut off at the attempt’s deadline and tried again', async () => {
    const world = new World();
    world.answers = [hanging, chatAnswer('{"n": 3}')];
    const jobId = world.driver.create(chat, { input: { what: 'apples' } });
    const turn = world.run(jobId);
    await world.driver.pass(119_999);
    expect(world.driver.state(jobId).active).toHaveProperty(['ask#1']);
    await world.driver.pass(1);
    await turn;
    expect(world.driver.state(jobId).steps['ask']?.attempts).toMatchObject([
      { failure: { class: 'timeout' } },
    ]);
    await world.driver.pass(2_000);
    await world.run(jobId);
    expect(world.driver.state(jobId).status).toBe('succeeded');
  });

  test('that hangs is let go within 25 s of a cancel', async () => {
    const world = new World();
    world.answers = [hanging];
    const jobId = world.driver.create(chat, { input: { what: 'apples' } });
    const turn = world.run(jobId);
    await world.driver.pass(21_000);
    world.driver.shard.cancel({ jobId, by: 'key_1' });
    expect(world.driver.state(jobId).status).toBe('cancelling');
    await world.driver.pass(20_000);
    await turn;
    expect(world.calls[0]?.signal.aborted).toBe(true);
    expect(world.driver.state(jobId)).toMatchObject({
      status: 'cancelled',
      cost: { unpricedAttempts: 1 },
    });
  });

  test('is not called for work that is handed out once more when its job is being cancelled', async () => {
    const world = new World();
    world.answers = [chatAnswer('{"n": 3}')];
    const jobId = world.driver.create(chat, { input: { what: 'apples' } });
    let lost = false;
    const turn = world.run(
      jobId,
      {},
      {
        next: async (request) => {
          const answer = await world.driver.client().next(request);
          if (lost) return answer;
          lost = true;
          world.driver.shard.cancel({ jobId, by: 'key_1' });
          throw new Error('the answer is lost');
        },
      },
    );
    await world.driver.pass(30_000);
    await turn;
    expect(world.calls).toEqual([]);
    expect(world.driver.state(jobId).status).toBe('cancelled');
  });

  test('whose runner dies is called again by another; what the dead one paid is charged when it comes', async () => {
    const world = new World();
    const late = Promise.withResolvers<Response>();
    world.answers = [() => late.promise, chatAnswer('{"n": 3}')];
    const jobId = world.driver.create(chat, { input: { what: 'apples' } });
    const dying = world.run(jobId, {}, { renew: () => Promise.reject(new Error('cut off')) });
    await world.driver.pass(36_000);
    expect(world.driver.events(jobId).at(-1)).toMatchObject({
      type: 'attempt.lost',
      data: { possibleDuplicateSpend: true },
    });
    await world.run(jobId);
    const { cost } = world.driver.state(jobId);
    expect(world.driver.state(jobId).status).toBe('succeeded');
    late.resolve(
      await chatAnswer('{"n": 99}')({ body: null, signal: AbortSignal.abort(), key: null }),
    );
    await world.driver.quiet();
    await dying;
    expect(world.driver.state(jobId).cost.nanoUsd).toBe(2 * cost.nanoUsd);
    expect((await world.view(jobId)).output).toEqual({ n: 3 });
  });

  test('is called at most six times at once, however wide the map', async () => {
    const world = new World();
    let [waiting, most] = [0, 0];
    world.answers = [
      async (call) => {
        waiting += 1;
        most = Math.max(most, waiting);
        await new Promise((resolve) => setImmediate(resolve));
        waiting -= 1;
        return chatAnswer('{"n": 1}')(call);
      },
    ];
    const [step] = chat.steps;
    if (step === undefined) throw new Error('no step');
    const jobId = world.driver.create(
      {
        steps: [
          { ...step, for_each: '${{ input.list }}', with: { vars: { what: '${{ item }}' } } },
        ],
      },
      { input: { list: Array.from({ length: 25 }, (_, index) => `heap ${index}`) } },
    );
    await world.run(jobId);
    expect(world.driver.state(jobId).status).toBe('succeeded');
    expect(world.calls).toHaveLength(25);
    expect(most).toBeLessThanOrEqual(6);
    expect(world.slots.take(10)).toBe(6);
  });
});

describe('a submitter that runs its job itself', () => {
  test('gets its first work with the answer, and no hint is sent', async () => {
    const world = new World();
    world.answers = [chatAnswer('{"n": 3}')];
    const untilMs = world.driver.nowMs + 130_000;
    const answer = world.driver.submit(chat, { input: { what: 'apples' }, turn: { untilMs } });
    if (answer.kind !== 'created' || answer.turn === null) throw new Error('no work');
    const { definition, state } = answer.snapshot;
    const first = { answer: answer.turn, definition };
    const end = await world.run(state.birth.id, { hinted: false, untilMs, first });
    expect(world.driver.state(state.birth.id).status).toBe('succeeded');
    const seen = await world.driver.client().read({ jobId: state.birth.id, include: [] });
    expect(end).toEqual(seen);
    expect(world.driver.wakes).toEqual([]);
    expect(world.slots.take(10)).toBe(6);
  });

  test('leaves to the queue what it has no time for', async () => {
    const world = new World();
    world.answers = [chatAnswer('{"n": 3}')];
    const untilMs = world.driver.nowMs + 30_000;
    const answer = world.driver.submit(chat, { input: { what: 'apples' }, turn: { untilMs } });
    if (answer.kind !== 'created' || answer.turn === null) throw new Error('no work');
    const jobId = answer.snapshot.state.birth.id;
    const first = { answer: answer.turn, definition: answer.snapshot.definition };
    await world.run(jobId, {
      hinted: false,
      untilMs,
      claimUntilMs: world.driver.nowMs + 10_000,
      first,
    });
    expect(world.calls).toEqual([]);
    await world.driver.quiet();
    expect(world.driver.wakes).toHaveLength(1);
    await world.run(jobId);
    expect(world.driver.state(jobId).status).toBe('succeeded');
  });
});

describe('turns of one batch', () => {
  test('make a call a step and one more, however many wait for a connection', async () => {
    const world = new World();
    world.answers = [chatAnswer('{"n": 3}')];
    const [step] = chat.steps;
    if (step === undefined) throw new Error('no step');
    const steps = ['a', 'b', 'c'].map((id, index, ids) => ({
      ...step,
      id,
      needs: ids.slice(Math.max(0, index - 1), index),
    }));
    const jobIds = Array.from({ length: 24 }, () =>
      world.driver.create({ steps }, { input: { what: 'apples' } }),
    );
    let asked = 0;
    const next: JobShard['next'] = (request) => {
      asked += 1;
      return world.driver.client().next(request);
    };
    await Promise.all(jobIds.map((jobId) => world.run(jobId, {}, { next })));
    const ends = jobIds.map((jobId) => world.driver.state(jobId).status);
    expect(ends).toEqual(jobIds.map(() => 'succeeded'));
    expect(asked).toBe(24 * 4);
    expect(world.slots.take(10)).toBe(6);
  });
});

describe('large values', () => {
  test('go through R2 from step to step and into the output', async () => {
    const world = new World();
    const text = 'A long line of text. '.repeat(20_000);
    const jobId = world.driver.create(
      {
        steps: [
          { id: 'a', uses: 'data.compose', with: { value: { text: '${{ input.text }}' } } },
          {
            id: 'm',
            uses: 'data.compose',
            for_each: '${{ [1, 2] }}',
            with: { value: '${{ steps.a.output.text }}' },
          },
          { id: 'b', uses: 'data.compose', with: { value: '${{ size(steps.m.output[1]) }}' } },
        ],
        output: { length: '${{ steps.b.output }}', first: '${{ steps.m.output }}' },
      },
      { input: { text } },
    );
    await world.run(jobId);
    const view = await world.view(jobId);
    expect(view.status_reason).toBeNull();
    expect(view.output).toEqual({ length: text.length, first: [text, text] });
    expect(world.driver.db.largestRowBytes()).toBeLessThan(20_000);
  });
});

describe('a runner', () => {
  test('whose shard does not answer gives up; another one finishes', async () => {
    const world = new World();
    world.answers = [chatAnswer('{"n": 3}')];
    const jobId = world.driver.create(chat, { input: { what: 'apples' } });
    let calls = 0;
    const turn = world.run(
      jobId,
      {},
      {
        next: async (request) => {
          calls += 1;
          if (calls > 1) throw new Error('unreachable');
          return world.driver.client().next(request);
        },
      },
    );
    await world.driver.pass(120_000);
    await turn;
    expect(world.slots.take(10)).toBe(6);
    world.slots.give(6);
    expect(world.driver.state(jobId).active).toEqual({});
    await world.run(jobId);
    expect(world.driver.state(jobId).status).toBe('succeeded');
    expect(world.calls).toHaveLength(2);
  });

  test('that finds nothing to do leaves at once', async () => {
    const world = new World();
    const jobId = world.driver.create(chat, { input: { what: 'apples' } });
    world.driver.claim(jobId);
    await world.run(jobId);
    world.driver.shard.cancel({ jobId, by: 'key_1' });
    await world.run(jobId);
    expect(world.calls).toEqual([]);
  });
});
