import { describe, expect, test } from 'vitest';
import { classifyTopics } from '../../../src/providers/builtin/topics.ts';

const labels = [
  { label: 'billing', description: 'invoices, payments, refunds, prices, credit cards' },
  { label: 'bug', description: 'errors, crashes, something that does not work, wrong results' },
  { label: 'how-to', description: 'questions about how to use, configure or find a feature' },
];

describe('topics', () => {
  test.each([
    [
      'billing',
      'I was charged twice for the same invoice and would like a refund of the second payment.',
    ],
    [
      'bug',
      'The app crashes with an error whenever I open the settings, and the export gives wrong results.',
    ],
    [
      'how-to',
      'Where can I find the feature for dark mode, and how do I configure it for my team? I have a question.',
    ],
  ])('%s', (expected, text) => {
    const [first, second] = classifyTopics(text, labels, 3).labels;
    expect(first?.label).toBe(expected);
    expect((first?.score ?? 0) - (second?.score ?? 0)).toBeGreaterThan(0.2);
  });

  test('finds words by their parts', () => {
    const german = [{ label: 'Zahlung' }, { label: 'Lieferung' }];
    expect(classifyTopics('Die Rückzahlungen sind da.', german, 1).labels[0]?.label).toBe(
      'Zahlung',
    );
  });

  test('gives equal scores in the order of the call when nothing speaks for any label', () => {
    const { labels: found } = classifyTopics('xyzzy', labels, 3);
    expect(found.map(({ label }) => label)).toEqual(['billing', 'bug', 'how-to']);
    expect(new Set(found.map(({ score }) => score)).size).toBe(1);
  });

  test('scores add up to one over all labels, and topN cuts the list', () => {
    const { labels: found } = classifyTopics('The invoice shows an error.', labels, 3);
    expect(found.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 4);
    expect(classifyTopics('The invoice shows an error.', labels, 1).labels).toHaveLength(1);
  });

  test('a single label has it all', () => {
    expect(classifyTopics('anything', [{ label: 'bug' }], 1).labels).toEqual([
      { label: 'bug', score: 1 },
    ]);
  });

  test('a word that all labels share decides nothing', () => {
    const shared = [
      { label: 'printer order', description: 'an order for printers' },
      { label: 'paper order', description: 'an order for paper' },
    ];
    const [first] = classifyTopics('order order order paper', shared, 2).labels;
    expect(first?.label).toBe('paper order');
  });
});
