import { expect, test } from 'vitest';

import type { Json, JsonObject } from '../../src/domain/json.ts';
import type { Tenant } from './support/api.ts';
import { chatPipeline, plainPipeline } from './support/pipelines.ts';
import { withPlain } from './support/plain.ts';
import { expectProblem, type ExpectedProblem } from './support/problem.ts';

/** Both doors refuse the definition in the same words, and the pipeline stays as it was. */
async function expectRefused(
  api: Tenant,
  definition: Json,
  at: ExpectedProblem['at'],
  name = 'plain',
): Promise<void> {
  const expected = { status: 422, code: 'definition_invalid', at };
  const put = await api.send('PUT', `/v1/pipelines/${name}`, definition);
  const problem = expectProblem(put, expected);
  const checked = await api.send('POST', `/v1/pipelines/${name}/validate`, definition);
  expect(expectProblem(checked, expected).errors).toEqual(problem.errors);
  const newest = await api.send<{ version: number }>('GET', '/v1/pipelines/plain');
  expect(newest.body.version).toBe(1);
  const listed = await api.send<{ data: object[] }>('GET', '/v1/pipelines');
  expect(listed.body.data).toHaveLength(1);
}

const normalize = (id: string, text: string, more: JsonObject = {}): JsonObject => ({
  id,
  uses: 'text.normalize',
  with: { text },
  ...more,
});

/** The plain pipeline with other steps. */
const steps = (...list: JsonObject[]): JsonObject =>
  plainPipeline('plain', { steps: list, output: {} });

test('a cycle', async () => {
  const definition = steps(
    normalize('a', '${{ steps.c.output.text }}'),
    normalize('b', '${{ steps.a.output.text }}'),
    normalize('c', 'fixed', { needs: ['b'] }),
  );
  await expectRefused(await withPlain(), definition, {
    '/steps/0': /a -> .*(b|c).* -> a.*remove one/,
  });
  const self = steps(normalize('a', '${{ steps.a.output.text }}'));
  await expectRefused(await withPlain(), self, { '/steps/0': /a -> a/ });
});

test('a step kind that does not exist', async () => {
  const definition = steps({ id: 'a', uses: 'text.normalise', with: { text: 'x' } });
  await expectRefused(await withPlain(), definition, {
    '/steps/0/uses': /"text.normalise" is not a step kind.*text\.normalize/,
  });
});

test('a reference to a step that is not there', async () => {
  const definition = plainPipeline('plain', {
    steps: [
      normalize('a', '${{ steps.clean.output.text }}'),
      normalize('b', 'x', { needs: ['before'] }),
      normalize('c', 'x', { if: '${{ steps.gone.status == "skipped" }}' }),
    ],
    output: { text: '${{ steps.nothing.output }}' },
  });
  await expectRefused(await withPlain(), definition, {
    '/steps/0/with': /no step "clean"; there are a, b, c/,
    '/steps/1/needs/0': /no step "before"/,
    '/steps/2/if': /no step "gone"/,
    '/output': /no step "nothing"/,
  });
});

test('a bad CEL expression', async () => {
  const definition = steps(
    normalize('a', '${{ input.text + }}'),
    normalize('b', '${{ input.text'),
    normalize('c', '${{ inputs.text + "!" }}'),
    normalize('d', 'x', { if: 'input.flag' }),
  );
  const api = await withPlain();
  await expectRefused(api, steps(normalize('d', 'x', { if: 'input.flag' })), {
    '/steps/0/if': /\$\{\{ … \}\}/,
  });
  const { steps: all } = definition;
  await expectRefused(
    api,
    { ...definition, steps: (all as JsonObject[]).slice(0, 3) },
    {
      '/steps/0/with/text': /syntax error/,
      '/steps/1/with/text': /without its "\}\}"/,
      '/steps/2/with/text': /no inputs here.*input/,
    },
  );
});

const chat = (content: string, vars: JsonObject = {}): JsonObject =>
  chatPipeline('any', { with: { vars }, prompt: { messages: [{ role: 'user', content }] } });

test('a bad Liquid template', async () => {
  const api = await withPlain();
  const at = '/steps/0/prompt/messages/0/content';
  const refused = (content: string, words: RegExp) =>
    expectRefused(api, chat(content, { body: 'x' }), { [at]: words }, 'asks');
  await refused('{{ vars.body', /not a valid Liquid template/);
  await refused('{% if vars.body %} yes', /not a valid Liquid template/);
  await refused('{{ vars.body | shout }}', /shout/);
  await refused('{% include "other" %}', /"include" is not available/);
});

test('a template that names a variable nobody declares', async () => {
  const api = await withPlain();
  const definition = chat('{{ vars.subject }}: {{ vars.body }} {{ customer }}', { body: 'x' });
  const at = {
    '/steps/0/prompt/messages/0/content': /vars\.subject[\s\S]*gives body[\s\S]*`customer`/,
  };
  await expectRefused(api, definition, at, 'asks');
});

test('several mistakes are told together, each with its place', async () => {
  const definition = plainPipeline('plain', {
    input: { schema: { type: 'objekt', properties: { a: { pattern: '(?=x)' } } } },
    routes: { main: { targets: [{ provider: 'opnai', model: 'x' }] } },
    steps: [
      { id: 'a', uses: 'model.chat', route: 'mian', with: { messages: [] } },
      { id: 'a', uses: 'model.embed', route: 'main', with: { texts: 'one', extra: 1 } },
      normalize('c', '${{ steps.b.output.text }}', { max_concurrency: 3, route: 'main' }),
    ],
  });
  await expectRefused(await withPlain(), definition, {
    '/input/schema/properties/a/pattern': /RE2/,
    '/routes/main/targets/0/provider': /"opnai" is not a provider.*openai/,
    '/steps/0/route': /no route "mian"; there are main/,
    '/steps/0/with/messages': /./,
    '/steps/1/id': /already a step "a"/,
    '/steps/1/with/texts': /array/,
    '/steps/1/with/extra': /not a known field/,
    '/steps/2/with': /no step "b"/,
    '/steps/2/max_concurrency': /for_each/,
    '/steps/2/route': /calls no model/,
  });
});

test('a shape that is wrong: all mistakes of it at once', async () => {
  const definition = {
    ...plainPipeline('plain'),
    stepss: [],
    timeouts: { job: 'soon' },
    steps: [
      { id: 'Clean Up', uses: 'text.normalize' },
      { id: 'ok', uses: 'text.normalize', retry: { max_attempts: 0 }, iff: 'x' },
    ],
  };
  await expectRefused(await withPlain(), definition, {
    '/stepss': /not a known field/,
    '/timeouts/job': /30s/,
    '/steps/0/id': /lower-case/,
    '/steps/1/retry/max_attempts': /1/,
    '/steps/1/iff': /not a known field/,
  });
  await expectRefused(await withPlain(), [], { '': /object/ });
  await expectRefused(
    await withPlain(),
    { ...plainPipeline('plain'), steps: [] },
    {
      '/steps': /at least one step/,
    },
  );
});

test('a name that is no name, or not the one in the path', async () => {
  const api = await withPlain();
  const bad = await api.send('PUT', '/v1/pipelines/Plain_Text', plainPipeline('plain'));
  const at = { '/path/name': /lower-case letters, digits and -/ };
  expectProblem(bad, { status: 400, code: 'invalid_request', at });
  await expectRefused(api, plainPipeline('other'), { '/name': /"other".*"plain"/ });
});

test('a definition that is larger than any may be', async () => {
  const api = await withPlain();
  const huge = plainPipeline('plain', { output: { text: 'x'.repeat(300_000) } });
  await expectRefused(api, huge, { '': /takes \d+ bytes; at most 262144/ });
  const larger = { ...huge, output: { text: 'x'.repeat(600_000) } };
  expectProblem(await api.send('PUT', '/v1/pipelines/plain', larger), {
    status: 413,
    code: 'payload_too_large',
    at: { '': /524288/ },
  });
});
