import { LLMock } from '@copilotkit/aimock';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { isJsonObject, type JsonObject } from '../../../src/domain/json.ts';
import { startSimulator, type Simulator } from '../../support/simulator/simulator.ts';
import { contextOf } from '../calling.ts';
import { askAiSdk } from './ai-sdk.ts';
import { adapterAt, type Base } from './base.ts';
import { callOf, replyIn, saidBy, type Question, type Said } from './question.ts';
import { vendors, type Vendor } from './vendors.ts';

let simulator: Simulator;
const aimock = new LLMock({ port: 0, logLevel: 'silent' });
beforeAll(async () => {
  simulator = await startSimulator({ keepBodies: true });
  await aimock.start();
});
afterAll(async () => {
  await simulator.close();
  await aimock.stop();
});

const plain: Question = {
  system: 'You are brief.',
  prompt: 'Say hello to Ada Lovelace, please.',
  maxTokens: 1_000,
  temperature: 0.5,
};

const parameters: JsonObject = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
  required: ['city', 'days'],
  additionalProperties: false,
};

const questions: Readonly<Record<string, Question>> = {
  'a text': plain,
  'a text that reaches its limit': { ...plain, maxTokens: 4 },
  'a tool': {
    ...plain,
    prompt: 'How is the weather in Turin?',
    tool: { name: 'forecast', description: 'Tells the weather.', parameters },
  },
  'JSON by a schema': { ...plain, prompt: 'Where to, and for how long?', schema: parameters },
};

const cases = vendors.flatMap((vendor) =>
  Object.entries(questions).map(([name, question]) => ({ vendor, name, question })),
);

/** Our own answer; of work in the background, at its end. */
async function ask(base: Base, vendor: Vendor, model: string, question: Question): Promise<Said> {
  const adapter = adapterAt(base, vendor.provider);
  const { execution } = vendor;
  const call = { ...callOf(question), model, ...(execution === undefined ? {} : { execution }) };
  let outcome = await adapter.submitJob(call, contextOf());
  for (let asked = 0; outcome.kind === 'pending' && asked < 10; asked += 1) {
    const next = adapter.getJobStatus?.(outcome.ticket, call, contextOf());
    // oxlint-disable-next-line no-await-in-loop -- each question moves the work on
    outcome = (await next) ?? outcome;
  }
  return saidBy(replyIn(outcome));
}

/** Everyone else's answers to the same question, in one piece and streamed. */
async function askOthers(base: Base, vendor: Vendor, model: string, question: Question) {
  const answers: Record<string, Said> = {
    SDK: await vendor.sdk(base, model, question, false),
    'SDK, streamed': await vendor.sdk(base, model, question, true),
    'AI SDK': await askAiSdk(vendor.aiSdk(base, model), question, false),
  };
  // The simulator has no streams of Responses, which we never ask for.
  if (vendor.execution === undefined || base.mock === 'aimock') {
    answers['AI SDK, streamed'] = await askAiSdk(vendor.aiSdk(base, model), question, true);
  }
  return answers;
}

function expectAll(others: Readonly<Record<string, Said>>, ours: Said): void {
  const same = Object.fromEntries(Object.keys(others).map((name) => [name, ours]));
  expect(others).toEqual(same);
}

/** aimock ends Google's calls of tools with a reason that Google has not, which not everyone understands. */
function withPlainFinish(others: Readonly<Record<string, Said>>): Record<string, Said> {
  return Object.fromEntries(
    Object.entries(others).map(([name, said]) => [
      name,
      said.finish === 'other' ? { ...said, finish: 'tool_calls' as const } : said,
    ]),
  );
}

describe('by the simulated provider', () => {
  test.each(cases)('$vendor.name: everyone reads $name alike', async ({ vendor, question }) => {
    const base: Base = { url: simulator.url, mock: 'simulator' };
    const ours = await ask(base, vendor, vendor.model, question);
    expectAll(await askOthers(base, vendor, vendor.model, question), ours);
    expect(ours.usage.input).toBeGreaterThan(0);
  });

  test.each(vendors)('$name: everyone counts tokens alike', async (vendor) => {
    const base: Base = { url: simulator.url, mock: 'simulator' };
    simulator.script({ reply: { usage: vendor.usage } });
    const ours = await ask(base, vendor, vendor.model, plain);
    const others = await askOthers(base, vendor, vendor.model, plain);
    simulator.script();
    expectAll(others, ours);
    expect(ours.usage).toEqual({
      input: 400,
      cacheRead: 600,
      cacheWrite: vendor.cacheWrites ?? 0,
      output: 200,
      reasoning: 100,
    });
  });

  test.each(cases)('$vendor.name: everyone asks for $name alike', async ({ vendor, question }) => {
    const base: Base = { url: simulator.url, mock: 'simulator' };
    const before = simulator.journal().at(-1)?.seq ?? 0;
    await ask(base, vendor, vendor.model, question);
    await askOthers(base, vendor, vendor.model, question);
    const asked = simulator
      .journal(before)
      .filter(({ method }) => method === 'POST')
      .map(({ body = '' }) => JSON.parse(body) as unknown)
      .filter((body) => isJsonObject(body as never))
      .map((body) => vendor.essence(body as JsonObject));
    const [ours] = asked;
    expect(asked.length).toBeGreaterThanOrEqual(4);
    expect(asked).toEqual(asked.map(() => ours));
    expect(ours).toMatchObject({ user: question.prompt, limit: question.maxTokens });
  });
});

describe('by aimock', () => {
  const usage = {
    prompt_tokens: 12,
    completion_tokens: 34,
    total_tokens: 46,
    input_tokens: 12,
    output_tokens: 34,
    promptTokenCount: 12,
    candidatesTokenCount: 34,
    totalTokenCount: 46,
  };
  beforeAll(() => {
    aimock.on({ userMessage: 'hello' }, { content: 'Hello, Ada: 你好 👋.', usage });
    const args = JSON.stringify({ city: 'Turin', days: 3 });
    aimock.on(
      { userMessage: 'weather' },
      { toolCalls: [{ name: 'forecast', arguments: args }], usage },
    );
    aimock.on({ userMessage: 'Where to' }, { content: args, usage });
  });

  const spoken = cases.filter(({ question }) => question.maxTokens > 4);

  test.each(spoken)('$vendor.name: everyone reads $name alike', async ({ vendor, question }) => {
    const base: Base = { url: aimock.url, mock: 'aimock' };
    const ours = await ask(base, vendor, vendor.model, question);
    const others = await askOthers(base, vendor, vendor.model, question);
    expectAll(question.tool === undefined ? others : withPlainFinish(others), ours);
    expect(ours.usage).toMatchObject({ input: 12, output: 34 });
  });
});
