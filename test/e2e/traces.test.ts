import { afterAll, beforeAll, expect, test } from 'vitest';

import { startOtlpReceiver, type OtlpReceiver } from '../support/otlp-receiver.ts';
import { newTenant, type Tenant } from './support/api.ts';
import { ended, listedWhen, post, publish } from './support/jobs.ts';
import { startOwnServer, type OwnServer } from './support/own-server.ts';
import { chatPipeline, question } from './support/pipelines.ts';
import { newModel } from './support/simulator-client.ts';
import { until } from './support/until.ts';

const CALLER_SPAN = '00f067aa0ba902b7';

let receiver: OtlpReceiver;
let server: OwnServer;
let api: Tenant;
const model = newModel();

beforeAll(async () => {
  receiver = await startOtlpReceiver();
  server = await startOwnServer({
    OTLP_ENDPOINT: receiver.url,
    OTLP_HEADERS: 'authorization=Bearer%20receiver-key',
    DEPLOYMENT_ENVIRONMENT: 'e2e',
    TRACE_PROVIDERS: 'openai',
  });
  api = await newTenant(server);
  await publish(api, {
    ...chatPipeline(model, {}, { name: 'part' }),
    output: { answer: '${{ steps.ask.output.text }}' },
  });
  await publish(api, {
    name: 'asks',
    steps: [
      {
        id: 'part',
        uses: 'pipeline',
        with: { pipeline: 'part', input: { question: '${{ input.question }}' } },
      },
    ],
    output: { got: '${{ steps.part.output }}' },
  });
});
afterAll(async () => {
  await server.close();
  await receiver.close();
});

/** 32 hexadecimal digits that no other test uses. */
function newTrace(): string {
  return crypto.randomUUID().replaceAll('-', '');
}

async function runIn(trace: string, flags: string): Promise<string> {
  const traceparent = `00-${trace}-${CALLER_SPAN}-${flags}`;
  const { body } = await post(api, question(), { traceparent });
  const job = await ended(api, body.id);
  expect(job.status).toBe('succeeded');
  return job.id;
}

test('a job and its child are one trace below the caller, and the provider’s call hangs in it', async () => {
  const trace = newTrace();
  await runIn(trace, '01');
  const spans = await until('all spans', () => {
    const found = receiver.spans.filter(({ traceId }) => traceId === trace);
    return new Set(found.map(({ spanId }) => spanId)).size === 5 && found;
  });
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const above = (spanId: string | undefined): string[] => {
    const span = spanId === undefined ? undefined : byId.get(spanId);
    return span === undefined ? [String(spanId)] : [span.name, ...above(span.parentSpanId)];
  };
  const call = spans.find(({ name }) => name === `chat ${model}`);
  expect(above(call?.spanId)).toEqual([
    `chat ${model}`,
    'step ask',
    'invoke_workflow part',
    'step part',
    'invoke_workflow asks',
    CALLER_SPAN,
  ]);
  const told = server.simulator.journal().find((entry) => entry.traceparent?.includes(trace));
  expect(told?.traceparent).toBe(`00-${trace}-${call?.spanId}-01`);
  expect(call?.attributes).toMatchObject({
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': model,
    'gen_ai.usage.input_tokens': expect.any(Number),
    'penstock.project': api.project,
  });
  expect(receiver.refused).toEqual([]);
  expect(receiver.headers[0]).toMatchObject({ authorization: 'Bearer receiver-key' });
  expect(receiver.bodies[0]).toContain('"deployment.environment.name"');
});

test('a trace that its caller does not record is not exported', async () => {
  const trace = newTrace();
  await runIn(trace, '00');
  const later = newTrace();
  await runIn(later, '01');
  await until('the trace after it', () => receiver.spans.some(({ traceId }) => traceId === later));
  expect(receiver.spans.filter(({ traceId }) => traceId === trace)).toEqual([]);
  const told = server.simulator.journal().find((entry) => entry.traceparent?.includes(trace));
  expect(told?.traceparent).toMatch(/-00$/);
});

test('history does not care whether the receiver takes anything', async () => {
  receiver.failWith(...Array.from({ length: 50 }, () => 500));
  const id = await runIn(newTrace(), '01');
  await listedWhen(api, [id], '?limit=100', (job) => job.id === id && job.status === 'succeeded');
  const lost = await until(
    'a word about it in the log',
    () => server.lines.find((line) => line.includes('"traces.lost"')) ?? null,
  );
  expect(lost).toContain('"not_sent"');
});
