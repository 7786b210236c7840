import { describe, expect, test } from 'vitest';

import { newTenant } from './support/api.ts';
import { ended, eventsOf, publish, run, submit } from './support/jobs.ts';

describe('services that the deployment has bound', () => {
  test('one that answers at once gives vectors', async () => {
    const api = await newTenant();
    await publish(api, {
      name: 'vectors',
      steps: [
        {
          id: 'embed',
          uses: 'model.embed',
          route: { targets: [{ provider: 'own-embeddings', model: 'any' }] },
          with: { texts: '${{ input.texts }}' },
        },
      ],
      output: { dimensions: '${{ steps.embed.output.dimensions }}' },
    });
    const job = await run(api, { pipeline: 'vectors', input: { texts: ['one', 'two'] } });
    expect(job).toMatchObject({ status: 'succeeded', output: { dimensions: 8 } });
  });

  test('one with a queue makes pictures, which are kept', async () => {
    const api = await newTenant();
    await publish(api, {
      name: 'pictures',
      steps: [
        {
          id: 'paint',
          uses: 'model.image',
          route: { targets: [{ provider: 'painter', model: 'brush-2' }] },
          with: { prompt: '${{ input.prompt }}', count: 2 },
        },
      ],
      output: { images: '${{ steps.paint.output.images }}' },
    });
    const { id } = await submit(api, { pipeline: 'pictures', input: { prompt: 'a cat' } });
    const job = await ended(api, id, 30_000);
    expect(job).toMatchObject({
      status: 'succeeded',
      output: { images: [{ mime_type: 'image/png' }, { mime_type: 'image/png' }] },
    });
    expect(job.steps[0]?.attempts).toMatchObject([{ outcome: 'succeeded' }]);
  });

  test('one whose settings are wrong is skipped, and says what to mend', async () => {
    const api = await newTenant();
    await publish(api, {
      name: 'asks',
      steps: [
        {
          id: 'ask',
          uses: 'model.chat',
          route: { targets: [{ provider: 'not-in-order', model: 'any' }] },
          with: { messages: [{ role: 'user', content: 'Hello' }] },
        },
      ],
      output: { text: '${{ steps.ask.output.text }}' },
    });
    const job = await run(api, { pipeline: 'asks', input: {} });
    expect(job).toMatchObject({ status: 'failed', status_reason: { code: 'not_configured' } });
    expect(JSON.stringify(await eventsOf(api, job.id))).toContain(
      'not configured: mend HTTP_PROVIDERS: /2/kinds/chat/submit is required',
    );
  });

  test('a provider that nobody bound is named with those that are', async () => {
    const api = await newTenant();
    const answer = await api.send('POST', '/v1/pipelines/asks/validate', {
      name: 'asks',
      steps: [
        {
          id: 'ask',
          uses: 'model.chat',
          route: { targets: [{ provider: 'nobody', model: 'any' }] },
          with: { messages: [{ role: 'user', content: 'Hello' }] },
        },
      ],
      output: {},
    });
    expect(answer.text).toContain('own-embeddings, painter, not-in-order');
  });
});

test('documents are ranked by a vendor of rankings', async () => {
  const api = await newTenant();
  await publish(api, {
    name: 'ranks',
    steps: [
      {
        id: 'rank',
        uses: 'model.rerank',
        route: { targets: [{ provider: 'cohere', model: 'rerank-v3.5' }] },
        with: { query: 'an apple', documents: ['a stone', 'an apple tree'] },
      },
    ],
    output: { best: '${{ steps.rank.output.results[0].index }}' },
  });
  const job = await run(api, { pipeline: 'ranks', input: {} });
  expect(job).toMatchObject({ status: 'succeeded', output: { best: 1 } });
});
