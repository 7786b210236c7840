import { readFileSync } from 'node:fs';
import { describe, expect, inject, test } from 'vitest';

import { newTenant, type Tenant } from './support/api.ts';
import { asRead, example, saysTheSame } from './support/example.ts';
import { ended, eventsOf, post, publish, readJob, run, submit } from './support/jobs.ts';
import type { Definition } from './support/pipelines.ts';
import { PROVIDER_KEY } from './support/settings.ts';
import { addRules, callsOf, newModel } from './support/simulator-client.ts';
import { until } from './support/until.ts';

type DigestJob = { pipeline: string; input: { text: string; question: string } };
type Citation = { text: string; source_start: number; source_end: number };
type Digest = Record<'overview' | 'answers' | 'sections', Citation[]> & {
  redacted: Record<string, number>;
  language: string;
};

const digest = example('document-digest', 'job.json') as DigestJob;
const original = digest.input.text;

/** What was planted in the report: nobody but its reader may see it. */
const PLANTED = [
  'incident-desk@example.net',
  'press@example.org',
  'ops@pinegrove.example.com',
  'h.abara@example.com',
  'priya.raman@example.com',
  'dispatch.desk@example.org',
  '+44 20 7946 0958',
  '+1 (415) 555-2671',
  '+46 8 465 004 12',
  '+49 (0)30 901820',
  '+33 1 99 00 12 34',
  '020 7946 0321',
  '4111 1111 1111 1111',
  'GB82 WEST 1234 5698 7654 32',
  '203.0.113.77',
  'sk-proj-9fKq2LmZ7TxWv4RbN8HsYd3JpCgAe6UoFAKE0000',
  'AKIAQFAKE7NOTREAL2XZ',
];

/** What of it a text holds, as a reader sees the text. */
function plantedIn(text: string): string[] {
  const read = asRead(text);
  return PLANTED.filter((planted) => read.includes(planted));
}

async function withDigest(): Promise<Tenant> {
  const api = await newTenant();
  await publish(api, example('document-digest', 'pipeline.json') as Definition);
  return api;
}

describe('document-digest', () => {
  test('every citation says what stands at its place in the original', async () => {
    const api = await withDigest();
    const { status, body: job } = await post(api, digest, { prefer: 'wait=60' });
    expect([status, job.status]).toEqual([200, 'succeeded']);
    const { overview, answers, sections, language } = job.output as Digest;
    expect(language).toBe('en');
    expect(overview.length).toBeGreaterThan(3);
    expect(sections.length).toBeGreaterThan(20);
    for (const citation of [...overview, ...answers, ...sections]) {
      const source = original.slice(citation.source_start, citation.source_end);
      expect(saysTheSame(citation.text, source), `${citation.text}\n---\n${source}`).toBe(true);
    }
  });

  test('nothing private that the report holds comes out anywhere', async () => {
    expect(plantedIn(original)).toEqual(PLANTED);
    const api = await withDigest();
    // A question whose best answer is the page of contacts itself.
    const question =
      'Which telephone number does the Bristol office have within the United Kingdom?';
    const { id } = await submit(api, { ...digest, input: { ...digest.input, question } });
    const job = await ended(api, id);
    const { redacted, answers } = job.output as Digest;
    expect(answers.map(({ text }) => text).join()).toContain('Bristol office: [PHONE_');
    expect(redacted).toMatchObject({ credit_card: 1, iban: 1, secret: 2 });
    expect(plantedIn(JSON.stringify(job))).toEqual([]);
    expect(plantedIn(JSON.stringify(await eventsOf(api, id)))).toEqual([]);
    await until('the job in the log', () => readLog().includes(id));
    expect(plantedIn(readLog())).toEqual([]);
    // Who may read the job may read its input, on request.
    expect((await readJob(api, id, '?include=input')).input.value).toEqual({
      ...digest.input,
      question,
    });
  });

  test('at least eight of the ten questions are answered by the right passage', async () => {
    const api = await withDigest();
    const questions = example('document-digest', 'questions.json') as {
      question: string;
      answer_contains: string;
    }[];
    expect(questions).toHaveLength(10);
    const right = await Promise.all(
      questions.map(async ({ question, answer_contains: wanted }) => {
        const job = await run(api, { ...digest, input: { ...digest.input, question } });
        const [best] = (job.output as Digest).answers;
        return best?.text.includes(wanted);
      }),
    );
    expect(right.filter(Boolean).length).toBeGreaterThanOrEqual(8);
  });

  test('the same document gives the same digest', async () => {
    const api = await withDigest();
    const [first, second] = [await run(api, digest), await run(api, digest)];
    expect(second.output).toEqual(first.output);
    expect(second.steps.map(({ output }) => output)).toEqual(
      first.steps.map(({ output }) => output),
    );
  });
});

function readLog(): string {
  return readFileSync(inject('shared').logFile, 'utf8');
}

describe('ticket-triage', () => {
  type TriageJob = { input: { subject: string; body: string } };
  const ticket = example('ticket-triage', 'job.json') as TriageJob;
  const triage = { category: 'bug', urgency: 5, team: 'engineering', summary: 'Nobody can pay.' };

  /** The example's ticket, with a mark by which its calls are known. */
  async function triaged(mark: string, subject = ticket.input.subject) {
    const api = await newTenant();
    await publish(api, example('ticket-triage', 'pipeline.json') as Definition);
    const body = `${ticket.input.body}\n\nReference: ${mark}`;
    const job = await run(api, { ...ticket, input: { subject, body } });
    const calls = [
      ...(await callsOf('gpt-5.4-mini')),
      ...(await callsOf('openai/gpt-oss-20b')),
    ].filter((call) => call.body?.includes(mark));
    return { api, job, calls };
  }

  test('a ticket is sorted by the first provider that answers', async () => {
    const mark = newModel();
    await addRules(
      { match: { model: 'gpt-5.4-mini', contains: mark }, fault: { status: 503 } },
      { match: { model: 'openai/gpt-oss-20b', contains: mark }, reply: { json: triage } },
    );
    const { job, calls } = await triaged(mark);
    expect(job).toMatchObject({
      status: 'succeeded',
      output: { triage, urgent: true, answered_by: 'openai/gpt-oss-20b' },
    });
    expect(calls.map(({ status }) => status)).toEqual([503, 200]);
    expect(job.cost.nano_usd).toBeGreaterThan(0);
  });

  test('every call carries the trace, the request and a key of its own', async () => {
    const mark = newModel();
    await addRules(
      { match: { contains: mark }, times: 1, fault: { status: 503 } },
      { match: { contains: mark }, reply: { json: triage } },
    );
    const { job, calls } = await triaged(mark);
    expect(calls).toHaveLength(2);
    for (const call of calls) {
      expect(call.traceparent).toMatch(new RegExp(`^00-${job.trace_id}-[0-9a-f]{16}-01$`));
      expect(call.request_id).toBe(job.request_id);
      expect(call.idempotency_key).toContain(job.id);
    }
    expect(new Set(calls.map((call) => call.idempotency_key)).size).toBe(2);
    expect(new Set(calls.map((call) => call.traceparent)).size).toBe(2);
  });

  test('no personal data reaches a provider, not even from the subject', async () => {
    const mark = newModel();
    await addRules({ match: { contains: mark }, reply: { json: triage } });
    const { api, job, calls } = await triaged(
      mark,
      'Call Jo on +1 415 555 2671 or jo@shop.example',
    );
    expect(calls).toHaveLength(1);
    expect(calls[0]?.body).toContain('payment could not be started');
    for (const call of calls) {
      expect(call.body).not.toMatch(/j\.harmon|northbrook-bikes|7946|jo@shop|555.?2671/);
    }
    const told = `${JSON.stringify(job)}${JSON.stringify(await eventsOf(api, job.id))}${readLog()}`;
    expect(told).not.toMatch(/j\.harmon|jo@shop/);
    expect(told).not.toContain(PROVIDER_KEY);
  });
});
