import { exports } from 'cloudflare:workers';
import { vi } from 'vitest';

import type { JobView } from '../../../src/services/views/jobs/job-schema.ts';

/** The Worker's own HTTP door, from inside the runtime. */
export async function api<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  const answer = await exports.default.fetch(`https://penstock.test${path}`, {
    method,
    headers: { authorization: 'Bearer root_test', 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text) as Answer;
}

/** Waits until a job is over and returns it. */
export async function ended(id: string): Promise<JobView> {
  return vi.waitUntil(
    async () => {
      const job = await api<JobView>('GET', `/v1/jobs/${id}`);
      return job.terminal ? job : null;
    },
    { timeout: 20_000, interval: 20 },
  );
}

/** A pipeline of plain computations: normalise, then summarise every paragraph. */
export const paragraphs = {
  name: 'paragraphs',
  routes: { summary: { targets: [{ provider: 'builtin', model: 'extractive-summary-1' }] } },
  steps: [
    { id: 'clean', uses: 'text.normalize', with: { text: '${{ input.text }}' } },
    {
      id: 'chunk',
      uses: 'text.chunk',
      with: { text: '${{ steps.clean.output.text }}', max_chars: 200 },
    },
    {
      id: 'summaries',
      uses: 'model.summarize',
      route: 'summary',
      for_each: '${{ steps.chunk.output.chunks }}',
      with: { text: '${{ item.text }}', max_sentences: 1 },
    },
  ],
  output: { summaries: '${{ steps.summaries.output }}' },
};

export const TEXT = Array.from(
  { length: 6 },
  (_, index) =>
    `Paragraph ${index} tells of pump ${index} which failed at ${index + 1} o'clock. It was replaced within an hour, and nobody was hurt.`,
).join('\n\n');
