import { send } from './http.ts';
import type { Penstock } from './contestants.ts';
import { MODELS, type ModelLatencyMs } from './simulator.ts';

const MAP_ITEMS = 50;

const CHECK = {
  schema: {
    type: 'object',
    required: ['summary'],
    additionalProperties: false,
    properties: { summary: { type: 'string', minLength: 1, maxLength: 2_000 } },
  },
};

const INPUT = {
  schema: {
    type: 'object',
    required: ['text'],
    additionalProperties: false,
    properties: { text: { type: 'string', minLength: 1, maxLength: 50_000 } },
  },
};

function chat(id: string, model: string, content: string) {
  return {
    id,
    uses: 'model.chat',
    route: { targets: [{ provider: 'openai', model }] },
    with: { messages: [{ role: 'user', content }] },
    check: CHECK,
  };
}

/** Three model calls, each on what the one before has said, each checked. */
function three(model: string) {
  return {
    input: INPUT,
    steps: [
      chat('first', model, '${{ input.text }}'),
      chat('second', model, '${{ steps.first.output.json.summary }}'),
      chat('third', model, '${{ steps.second.output.json.summary }}'),
    ],
    output: { summary: '${{ steps.third.output.json.summary }}' },
  };
}

/** One model call for each item of a list. */
function map(model: string) {
  const list = `[${Array.from({ length: MAP_ITEMS }, (_, index) => index).join(', ')}]`;
  return {
    input: INPUT,
    steps: [
      {
        ...chat('each', model, 'Item ${{ item }}: ${{ input.text }}'),
        for_each: `\${{ ${list} }}`,
        max_concurrency: MAP_ITEMS,
      },
    ],
    output: { count: '${{ size(steps.each.output) }}' },
  };
}

/** One model call without a check: what the synchronous door is for. */
function one(model: string) {
  const { check: _check, ...step } = chat('ask', model, '${{ input.text }}');
  return { input: INPUT, steps: [step], output: { text: '${{ steps.ask.output.text }}' } };
}

/** A project of its own with every pipeline of the benchmark; gives an application's key. */
export async function publishPipelines(
  url: string,
  rootKey: string,
  retention?: { readonly payloads: string; readonly history: string },
): Promise<Penstock> {
  const root = { authorization: `Bearer ${rootKey}` };
  const project = await send('POST', `${url}/v1/projects`, { name: 'bench' }, root);
  const { id } = project.body as { id: string };
  const made = await send('POST', `${url}/v1/api-keys`, { name: 'bench', project: id }, root);
  const { key } = made.body as { key: string };
  const latencies: readonly ModelLatencyMs[] = [0, 50, 1000, 3000];
  for (const latencyMs of latencies) {
    const model = MODELS[latencyMs];
    for (const [name, body] of Object.entries({
      three: three(model),
      map: map(model),
      one: one(model),
    })) {
      await send(
        'PUT',
        `${url}/v1/pipelines/${name}-${latencyMs}`,
        {
          name: `${name}-${latencyMs}`,
          ...body,
          ...(retention === undefined ? {} : { retention }),
        },
        { authorization: `Bearer ${key}` },
      );
    }
  }
  return { url, key };
}
