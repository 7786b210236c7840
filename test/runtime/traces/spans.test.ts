import { describe, expect, test } from 'vitest';

import type { Correlation } from '../../../src/domain/job/job.ts';
import type { OwnedEntry } from '../../../src/runtime/d1/history/write-history.ts';
import { historyMessage } from '../../../src/runtime/messages.ts';
import type { Span } from '../../../src/runtime/traces/span.ts';
import { spansOfEntry } from '../../../src/runtime/traces/spans-of-entry.ts';
import { traceConfiguration } from '../../../src/runtime/traces/trace-settings.ts';
import { spanIdOf } from '../../../src/services/traces/span-id.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import { ShardDriver } from '../../support/shard-driver.ts';

const CALLER = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', parentSpanId: '00f067aa0ba902b7' };
const target = (model: string) => ({ provider: 'openai', model });
const asks: DefinitionBody = {
  steps: [
    {
      id: 'ask',
      uses: 'model.chat',
      with: { messages: [] },
      route: { targets: [target('first'), target('second')] },
      retry: { max_attempts: 2, base_delay: '1ms' },
    },
    { id: 'join', uses: 'data.compose', needs: ['ask'] },
  ],
};

function tracing(): ShardDriver {
  const driver = new ShardDriver();
  driver.traced = () => true;
  return driver;
}

function begin(driver: ShardDriver, more: Partial<Correlation> = CALLER) {
  const { birth, ...request } = driver.request(asks);
  const correlation = { ...birth.correlation, ...more };
  driver.shard.submit({ ...request, birth: { ...birth, correlation } });
  return birth.id;
}

/** Everything that was sent so far, as the consumer reads it. */
function sent(driver: ShardDriver): OwnedEntry[] {
  return driver.history.flatMap((message) => {
    const { project, shard, entries } = historyMessage.parse(JSON.parse(JSON.stringify(message)));
    return entries.map((entry) => ({ project, shard, entry }));
  });
}

async function spansIn(driver: ShardDriver, entries: readonly OwnedEntry[]): Promise<Span[]> {
  const spans = await Promise.all(entries.map((owned) => spansOfEntry(driver.machine(), owned)));
  return spans.flat();
}

/** A job whose first call fails and whose second one, at another target, succeeds. */
async function story(driver: ShardDriver) {
  const jobId = begin(driver);
  const detail = 'herring in the error';
  const failure = { class: 'overloaded', phase: 'rejected', message: 'no', detail } as const;
  driver.settle(jobId, ...driver.claim(jobId).map((key) => driver.failed(key, failure)));
  driver.nowMs += 1_000;
  const usage = {
    inputTokens: 7,
    cacheReadTokens: 2,
    cacheWriteTokens: 1,
    outputTokens: 3,
    reasoningTokens: 4,
  };
  const facts = {
    latencyMs: 40,
    costNanoUsd: 5_000,
    usage,
    returnedModel: 'second-2026',
    timeToFirstTokenMs: 9,
    finishReason: 'stop',
  };
  driver.settle(
    jobId,
    ...driver.claim(jobId).map((key) => driver.succeeded(jobId, key, 'herring', facts)),
  );
  driver.finish(jobId);
  await driver.pass(1_000);
  return jobId;
}

function kinds(spans: readonly Span[]): Set<string> {
  return new Set(spans.map((span) => JSON.stringify(span)));
}

function configured(settings: Readonly<Record<string, string>>) {
  return traceConfiguration((name) => settings[name]);
}

describe('the spans of a job', () => {
  test('are the job below its caller, its steps, and its calls in the words of the conventions', async () => {
    const driver = tracing();
    const jobId = await story(driver);
    const spans = await spansIn(driver, sent(driver));
    const byId = new Map(spans.map((span) => [span.spanId, span]));
    const shape = [...byId.values()].map(({ name, kind, isError, parentSpanId }) => [
      name,
      kind,
      isError,
      parentSpanId === null ? null : (byId.get(parentSpanId)?.name ?? parentSpanId),
    ]);
    expect(shape).toHaveLength(5);
    expect(shape).toEqual(
      expect.arrayContaining([
        ['invoke_workflow under-test', 'internal', false, CALLER.parentSpanId],
        ['step ask', 'internal', false, 'invoke_workflow under-test'],
        ['step join', 'internal', false, 'invoke_workflow under-test'],
        ['chat first', 'client', true, 'step ask'],
        ['chat second', 'client', false, 'step ask'],
      ]),
    );
    const { birth, finishedAtMs } = driver.state(jobId);
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([CALLER.traceId]));
    const job = spans.find(({ name }) => name.startsWith('invoke_workflow'));
    expect(job).toMatchObject({
      startMs: birth.createdAtMs,
      endMs: finishedAtMs,
      attributes: { 'gen_ai.workflow.name': birth.pipeline, 'penstock.pipeline.version': 1 },
    });
    const call = spans.find(({ name }) => name === 'chat second');
    expect(call?.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'second',
      'gen_ai.response.model': 'second-2026',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.response.time_to_first_chunk': { fraction: 0.009 },
      'gen_ai.usage.input_tokens': 10,
      'gen_ai.usage.output_tokens': 7,
      'gen_ai.usage.cache_read.input_tokens': 2,
      'gen_ai.usage.reasoning.output_tokens': 4,
      'penstock.cost_nano_usd': 5_000,
      'penstock.attempt': 2,
      'penstock.job.id': jobId,
    });
    expect((call?.endMs ?? 0) - (call?.startMs ?? 0)).toBe(40);
    expect(spans.find(({ name }) => name === 'chat first')?.attributes).toMatchObject({
      'error.type': 'overloaded',
    });
    // A provider that is told of the trace hangs its own spans below the call's.
    expect(call?.spanId).toBe(await spanIdOf(driver.machine(), jobId, 'ask#2'));
  });

  test('coincide when history comes again, whole or in other pieces', async () => {
    const driver = tracing();
    await story(driver);
    const once = await spansIn(driver, sent(driver));
    driver.restart();
    await driver.pass(600_000);
    const entries = sent(driver);
    expect(entries.length).toBeGreaterThan(1);
    const twice = await spansIn(driver, entries);
    expect(twice.length).toBeGreaterThan(once.length);
    expect(kinds(twice)).toEqual(kinds(once));
  });

  test('hold nothing that a user or a provider wrote', async () => {
    const driver = tracing();
    await story(driver);
    expect(JSON.stringify(await spansIn(driver, sent(driver)))).not.toContain('herring');
  });

  test('are none without tracing, and history is as short as ever', async () => {
    const driver = new ShardDriver();
    await story(driver);
    expect(JSON.stringify(driver.history)).not.toContain('"trace":');
    expect(await spansIn(driver, sent(driver))).toEqual([]);
  });

  test('of a child hang below the step that waits for it', async () => {
    const driver = tracing();
    const parent = driver.newJobId();
    const { birth, ...request } = driver.request(asks);
    const link = { jobId: parent, step: 'part', item: 3, attempt: 2, lineage: [] };
    driver.shard.submit({ ...request, birth: { ...birth, parent: link } });
    driver.finish(birth.id);
    await driver.pass(1_000);
    const spans = await spansIn(driver, sent(driver));
    const job = spans.find(({ name }) => name.startsWith('invoke_workflow'));
    expect(job?.parentSpanId).toBe(await spanIdOf(driver.machine(), parent, 'step:part'));
  });
});

describe('the settings of traces', () => {
  const OTLP_ENDPOINT = 'https://otlp.example.com/otlp/v1/traces';

  test('are an address and headers as OpenTelemetry has them', () => {
    const OTLP_HEADERS = 'Authorization=Bearer%20a%3Db, x-team = ai';
    expect(configured({ OTLP_ENDPOINT, OTLP_HEADERS }).settings).toMatchObject({
      endpoint: OTLP_ENDPOINT,
      headers: { authorization: 'Bearer a=b', 'x-team': 'ai' },
      service: { 'service.name': 'penstock' },
    });
    expect(configured({ OTLP_ENDPOINT: 'https://x.example' }).settings?.endpoint).toBe(
      'https://x.example/v1/traces',
    );
    expect(configured({ OTLP_ENDPOINT: 'http://127.0.0.1:4318' }).settings?.endpoint).toBe(
      'http://127.0.0.1:4318/v1/traces',
    );
    expect(configured({})).toMatchObject({ settings: null, problems: [] });
  });

  test.each([
    { OTLP_ENDPOINT: 'otlp.example.com' },
    { OTLP_ENDPOINT: 'http://otlp.example.com' },
    { OTLP_ENDPOINT: 'https://user:secret@otlp.example.com' },
    { OTLP_ENDPOINT, OTLP_HEADERS: 'secret' },
    { OTLP_ENDPOINT, OTLP_HEADERS: 'a b=secret' },
    { OTLP_ENDPOINT, OTLP_HEADERS: 'a=%E0%A4secret' },
    { OTLP_ENDPOINT, OTLP_HEADERS: 'a=secret%0Ab' },
  ])('that are wrong export nothing, and say so without the secret: %j', (settings) => {
    const { settings: made, traced, problems } = configured(settings);
    expect(made).toBeNull();
    expect(traced({ requestId: 'r', traceId: 't' })).toBe(false);
    expect(problems).toHaveLength(1);
    expect(problems.join('')).not.toContain('secret');
  });

  test('sample whole traces, and none that the caller does not record', () => {
    const { traced } = configured({ OTLP_ENDPOINT, OTLP_SAMPLE: '0.5' });
    const traces = Array.from({ length: 400 }, (_, index) => `trace-${index}`);
    const sampled = traces.filter((traceId) => traced({ requestId: 'one', traceId }));
    expect(sampled.length).toBeGreaterThan(140);
    expect(sampled.length).toBeLessThan(260);
    expect(sampled.filter((traceId) => traced({ requestId: 'other', traceId }))).toEqual(sampled);
    const all = configured({ OTLP_ENDPOINT }).traced;
    expect(all({ requestId: 'r', traceId: 't' })).toBe(true);
    expect(all({ requestId: 'r', traceId: 't', sampled: false })).toBe(false);
  });
});
