/** The example of `examples/document-digest` through every builtin model: what a first user will see. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ModelCall, ModelResult } from '../../../src/domain/model/model-call.ts';
import { makeBuiltin } from '../../../src/providers/builtin/builtin.ts';
import facts from '../../../examples/document-digest/main-facts.json' with { type: 'json' };
import questions from '../../../examples/document-digest/questions.json' with { type: 'json' };

const report = readFileSync(
  new URL('../../../examples/document-digest/incident-report.md', import.meta.url),
  'utf8',
);

/** Paragraphs packed to at most `lengthMax` units, a long list divided by its items, each with its heading. */
function chunksOf(text: string, lengthMax = 1_200): string[] {
  const chunks: string[] = [];
  let heading = '';
  let packed = '';
  const flush = (): void => {
    if (packed !== '') chunks.push(heading === '' ? packed : `${heading}\n\n${packed}`);
    packed = '';
  };
  for (const paragraph of text.replaceAll('\r\n', '\n').split(/\n\s*\n/)) {
    if (paragraph.startsWith('#')) {
      flush();
      heading = paragraph.trim();
      continue;
    }
    for (const part of paragraph.length > lengthMax ? paragraph.split('\n') : [paragraph.trim()]) {
      if (heading.length + packed.length + part.length + 4 > lengthMax) flush();
      packed = packed === '' ? part : `${packed}\n\n${part}`;
    }
  }
  flush();
  return chunks.filter((chunk) => chunk.trim() !== '');
}

async function ask(call: ModelCall): Promise<ModelResult> {
  const outcome = await makeBuiltin().submitJob(call, {
    signal: new AbortController().signal,
    idempotencyKey: 'attempt_1',
    headers: {},
    onHeaders: () => {},
  });
  if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome));
  return outcome.reply.result;
}

async function rank(query: string, documents: readonly string[]): Promise<number[]> {
  const call = { kind: 'rerank', model: 'bm25-rank-1', query, documents, topN: 5 } as const;
  const result = await ask(call);
  return result.kind === 'rerank' ? result.results.map(({ index }) => index) : [];
}

async function summarize(text: string, maxSentences: number): Promise<string> {
  const result = await ask({
    kind: 'summarize',
    model: 'extractive-summary-1',
    text,
    maxSentences,
  });
  return result.kind === 'summarize' ? result.summary : '';
}

async function classify(
  model: string,
  labels: readonly { label: string; description?: string }[],
): Promise<readonly { label: string; score: number }[]> {
  const result = await ask({ kind: 'classify', model, text: report, labels, topN: 5 });
  return result.kind === 'classify' ? result.labels : [];
}

const carries = (digest: string, { any_of: phrases }: { any_of: string[] }): boolean =>
  phrases.some((phrase) => digest.includes(phrase));

const chunks = chunksOf(report);

/** One call of each model on the report. */
async function everything(): Promise<unknown[]> {
  return [
    await summarize(report, 8),
    await rank(questions[0]?.question ?? '', chunks),
    await classify('language-id-1', []),
    await classify('keyword-topics-1', [{ label: 'outage' }, { label: 'billing' }]),
    await ask({ kind: 'embed', model: 'hashed-embedding-1', texts: chunks }),
  ];
}

describe('the report', () => {
  test('is several pages long, and every chunk of it is small enough', () => {
    const words = report.split(/\s+/).length;
    expect(words).toBeGreaterThanOrEqual(3_500);
    expect(words).toBeLessThanOrEqual(4_500);
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(1_200);
  });

  test.each([
    ['an author', 'Marta Lindqvist'],
    ['an engineer', 'Devon Okafor'],
    ['an engineer with accents', 'Tomasz Zieliński'],
    ['a customer', 'Caroline Mbeki'],
    ['an e-mail address', 'incident-desk@example.net'],
    ['an e-mail address', 'press@example.org'],
    ['an e-mail address', 'ops@pinegrove.example.com'],
    ['an e-mail address', 'h.abara@example.com'],
    ['an e-mail address', 'priya.raman@example.com'],
    ['an e-mail address', 'dispatch.desk@example.org'],
    ['an American number', '+1 (415) 555-2671'],
    ['a British number with hard spaces', '+44\u00A020\u00A07946\u00A00958'],
    ['a British number without its country', '020 7946 0321'],
    ['a German number', '+49 (0)30 901820'],
    ['a Swedish number', '+46 8 465 004 12'],
    ['a French number', '+33 1 99 00 12 34'],
    ['a card', '4111 1111 1111 1111'],
    ['an account', 'GB82 WEST 1234 5698 7654 32'],
    ['an address of a machine', '203.0.113.77'],
    ['soft hyphens', 'data\u00ADbase'],
    ['zero-width spaces', '\u200B'],
    ['Windows line ends', '\r\n'],
    ['curly quotes', '“202 Accepted”'],
    ['superfluous blank lines', '\n\n\n'],
  ])('holds %s: %j', (_, planted) => {
    expect(report).toContain(planted);
  });

  test('holds two keys that look real', () => {
    expect(report).toMatch(/\bsk-proj-[A-Za-z0-9]{30,}\b/);
    expect(report).toMatch(/\bAKIA[A-Z0-9]{16}\b/);
  });

  test('has a card number and an account number that add up', () => {
    const digits = Array.from('4111111111111111', Number);
    const luhn = digits.map((digit, place) => (place % 2 === 0 ? (digit * 2) % 9 || digit : digit));
    expect(luhn.reduce((sum, digit) => sum + digit, 0) % 10).toBe(0);
    const account = 'WEST12345698765432GB82'.replace(
      /[A-Z]/g,
      (letter) => `${letter.charCodeAt(0) - 55}`,
    );
    expect(BigInt(account) % 97n).toBe(1n);
  });

  test('answers each question in one place', () => {
    expect(questions).toHaveLength(10);
    for (const { answer_contains: answer } of questions)
      expect(report.split(answer)).toHaveLength(2);
  });
});

describe('the models on the report', () => {
  test('ranking puts the passage with the answer first for at least eight of ten questions', async () => {
    const missed: string[] = [];
    for (const { question, answer_contains: answer } of questions) {
      const [first = -1] = await rank(question, chunks);
      if (!(chunks[first] ?? '').includes(answer)) missed.push(question);
    }
    expect(missed.length, missed.join('\n')).toBeLessThanOrEqual(2);
  });

  test('two sentences of each chunk carry at least ten of the main facts', async () => {
    const digest = (await Promise.all(chunks.map((chunk) => summarize(chunk, 2)))).join(' ');
    const lost = facts.filter((fact) => !carries(digest, fact)).map(({ fact }) => fact);
    expect(facts.length - lost.length, lost.join('\n')).toBeGreaterThanOrEqual(10);
    expect(digest.length).toBeLessThan(report.length / 2);
  });

  test('eight sentences of the whole carry half of the main facts, and no line of a log', async () => {
    const summary = await summarize(report, 8);
    expect(facts.filter((fact) => carries(summary, fact)).length).toBeGreaterThanOrEqual(6);
    expect(summary).not.toMatch(/ERROR|WARN|\d{4}-\d{2}-\d{2}/);
  });

  test('the language is English beyond doubt', async () => {
    const [first, second] = await classify('language-id-1', []);
    expect(first).toMatchObject({ label: 'en' });
    expect((first?.score ?? 0) - (second?.score ?? 0)).toBeGreaterThan(0.9);
  });

  test('the topic is an outage, and not what is only mentioned', async () => {
    const [first, second] = await classify('keyword-topics-1', [
      { label: 'billing', description: 'invoices, payments, refunds, prices and subscriptions' },
      { label: 'hiring', description: 'candidates, interviews, vacancies and salaries' },
      {
        label: 'security breach',
        description: 'attackers, intrusion, stolen data, vulnerabilities',
      },
      { label: 'product launch', description: 'new features, announcements, releases and markets' },
      {
        label: 'infrastructure outage',
        description: 'systems down, failures, database, servers, recovery',
      },
    ]);
    expect(first?.label).toBe('infrastructure outage');
    expect(first?.score).toBeGreaterThan(2 * (second?.score ?? 1));
  });

  test('a second run gives the same to the last digit', async () => {
    expect(await everything()).toEqual(await everything());
  });
});
