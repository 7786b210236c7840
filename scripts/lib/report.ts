import { z } from 'zod';

import type { EventView } from '../../src/services/views/jobs/event-view.ts';
import type { JobView } from '../../src/services/views/jobs/job-schema.ts';
import type { Received } from './webhook-receiver.ts';

/** Results of the example pipelines, for a reader at a terminal. */
const citation = z.looseObject({
  text: z.string(),
  heading: z.string().nullish(),
  source_start: z.number(),
  source_end: z.number(),
});

const digestOutput = z.looseObject({
  question: z.string(),
  language: z.string(),
  topics: z.array(z.looseObject({ label: z.string(), score: z.number() })),
  overview: z.array(citation),
  answers: z.array(citation),
  sections: z.array(citation),
  redacted: z.record(z.string(), z.number()),
});

const WIDTH = 96;

export function digestReport(job: JobView, document: string): string {
  const digest = digestOutput.parse(job.output);
  const [answer] = digest.answers;
  const redacted = Object.entries(digest.redacted).filter(([, count]) => count > 0);
  return [
    '   Overview (each sentence with its place in the original):',
    ...digest.overview.map(({ text, source_start: start, source_end: end }) =>
      wrap(`${text} [${start}–${end}]`, '     - '),
    ),
    '',
    `   Language: ${digest.language}    Topic: ${digest.topics.map(({ label, score }) => `${label} ${score.toFixed(2)}`).join(', ')}`,
    `   Redacted before any model saw the text: ${redacted.map(([entity, count]) => `${count} ${entity}`).join(', ')}`,
    '',
    `   Question: ${digest.question}`,
    ...(answer === undefined
      ? ['   No passage answers it.']
      : [
          `   Best passage, under "${answer.heading ?? ''}", characters ${answer.source_start} to ${answer.source_end} of the original:`,
          wrap(
            document.slice(answer.source_start, answer.source_end).replaceAll(/\s+/g, ' '),
            '     | ',
          ),
        ]),
    '',
  ].join('\n');
}

export function triageReport(job: JobView): string {
  const attempts = job.steps.flatMap((step) =>
    step.attempts.flatMap(({ target, outcome, latency_ms: latencyMs }) =>
      target === null
        ? []
        : [`     ${target.provider}/${target.model}: ${outcome} after ${latencyMs ?? 0} ms`],
    ),
  );
  return [
    '   Result, checked against its schema:',
    ...JSON.stringify(job.output, null, 2)
      .split('\n')
      .map((line) => `     ${line}`),
    '   Calls:',
    ...attempts,
    `   Cost by list price: $${job.cost.usd} (the calls were simulated; nobody was paid)`,
    '',
  ].join('\n');
}

/** The history in a few lines: what began and ended when, after the submit. */
export function timelineReport(events: readonly EventView[]): string {
  const [first] = events;
  const beganAtMs = Date.parse(first?.at ?? '');
  const shown = events.filter(
    ({ type, item }) => item === undefined && /^job\.|^step\.(started|succeeded|failed)/.test(type),
  );
  return [
    `   Timeline (${shown.length} of ${events.length} events; GET /v1/jobs/{id}/events has them all):`,
    ...shown.map(
      ({ seq, at, type, step = '' }) =>
        `   ${String(Date.parse(at) - beganAtMs).padStart(6)} ms  #${String(seq).padEnd(4)} ${type.padEnd(15)} ${step}`,
    ),
    '',
  ].join('\n');
}

const fullPayload = z.looseObject({
  job: z.looseObject({ output: z.unknown(), cost: z.looseObject({ usd: z.string() }) }),
});

/** A webhook as it came, once its signature was verified. */
export function deliveryReport({ id, headers, payload, text }: Received, url: string): string {
  const { job } = fullPayload.parse(JSON.parse(text));
  const lines = [
    `POST ${url}`,
    `webhook-id: ${id}`,
    `webhook-timestamp: ${String(headers['webhook-timestamp'])}`,
    `webhook-signature: ${String(headers['webhook-signature'])}`,
    '',
    'The signature is genuine and recent: verifyWebhook of penstock/webhooks says so.',
    `${payload.type} of ${String(payload.data['job_id'])}, event ${String(payload.data['seq'])}, cost $${job.cost.usd}`,
    ...JSON.stringify({ output: job.output }, null, 2).split('\n'),
    '',
  ];
  return lines.map((line) => (line === '' ? '' : `   ${line}`)).join('\n');
}

export function nextSteps(): string {
  return `What to try next (paste line by line):

   npm run dev &                                        # serves on http://127.0.0.1:8787
   until curl -sf http://127.0.0.1:8787/healthz; do sleep 1; done
   export KEY=$(sed -n 's/^ROOT_API_KEY=//p' .dev.vars)
   curl -X PUT http://127.0.0.1:8787/v1/pipelines/document-digest -H "authorization: Bearer $KEY" \\
        -H 'content-type: application/json' --data @examples/document-digest/pipeline.json
   curl -X POST http://127.0.0.1:8787/v1/jobs -H "authorization: Bearer $KEY" -H 'prefer: wait=30' \\
        -H 'content-type: application/json' --data @examples/document-digest/job.json
   curl http://127.0.0.1:8787/v1/jobs -H "authorization: Bearer $KEY"
   kill %1                                              # stops the server

   With OPENAI_API_KEY set when you start \`npm run dev\`, examples/ticket-triage runs against the real provider.
   The API is documented at http://127.0.0.1:8787/docs.`;
}

function wrap(text: string, prefix: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && prefix.length + line.length + word.length + 1 > WIDTH) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  const rest = ' '.repeat(
    prefix.length - prefix.trimStart().length + (prefix.includes('|') ? 0 : 2),
  );
  const hanging = prefix.includes('|') ? prefix : rest;
  return lines.map((each, index) => `${index === 0 ? prefix : hanging}${each}`).join('\n');
}
