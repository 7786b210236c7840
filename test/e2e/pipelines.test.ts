import { describe, expect, test } from 'vitest';

import type { PipelineView } from '../../src/services/views/pipeline-schema.ts';
import { newTenant, type Tenant } from './support/api.ts';
import type { Page } from './support/jobs.ts';
import { plainPipeline, type Definition } from './support/pipelines.ts';

type Published = PipelineView & { readonly created: boolean; readonly warnings: readonly object[] };
type Read = PipelineView & { readonly definition: Definition };

const put = (api: Tenant, definition: Definition) =>
  api.send<Published>('PUT', `/v1/pipelines/${definition.name}`, definition);

const first = plainPipeline('digest');
const second = plainPipeline('digest', { description: 'The second one.' });

describe('publishing', () => {
  test('adds a version, and says when there is nothing to add', async () => {
    const api = await newTenant();
    const added = await put(api, first);
    expect(added.status).toBe(201);
    expect(added.body).toMatchObject({ name: 'digest', version: 1, created: true, warnings: [] });
    expect(added.body.created_by).toMatch(/^key_/);
    const again = await put(api, first);
    expect([again.status, again.body]).toEqual([200, { ...added.body, created: false }]);
    const { steps, ...rest } = first;
    const turned = await put(api, { steps, ...rest });
    expect([turned.status, turned.body.version]).toEqual([200, 1]);
    expect((await put(api, second)).body).toMatchObject({ version: 2, created: true });
    // What was once the newest version is a new one when it comes back.
    const back = await put(api, first);
    expect(back.body).toMatchObject({ version: 3, created: true, hash: added.body.hash });
  });

  test('needs no name in the definition, which has it from the path', async () => {
    const api = await newTenant();
    const { name: _name, ...nameless } = first;
    const added = await api.send<Published>('PUT', '/v1/pipelines/digest', nameless);
    expect(added.status).toBe(201);
    expect((await put(api, first)).body).toMatchObject({ version: 1, created: false });
  });

  test('by many at once numbers the versions without gaps and without doubles', async () => {
    const api = await newTenant();
    const different = Array.from({ length: 4 }, (_, index) =>
      plainPipeline('digest', { description: `Number ${index}.` }),
    );
    const added = await Promise.all(different.map((definition) => put(api, definition)));
    const versions = added.map(({ body }) => body.version);
    expect(versions.toSorted((left, right) => left - right)).toEqual([1, 2, 3, 4]);
    const same = await Promise.all(Array.from({ length: 4 }, () => put(api, first)));
    expect(new Set(same.map(({ body }) => body.version))).toEqual(new Set([5]));
    expect(same.filter(({ body }) => body.created)).toHaveLength(1);
  });

  test('warns of a step whose result nobody reads', async () => {
    const api = await newTenant();
    const forgotten = { id: 'forgotten', uses: 'text.normalize', with: { text: 'x' } };
    const { body } = await put(
      api,
      plainPipeline('digest', { steps: [...first.steps, forgotten] }),
    );
    expect(body).toMatchObject({
      created: true,
      warnings: [{ pointer: '/steps/1', code: 'unused_step' }],
    });
  });
});

test('a version is read as it was published, by number or as the newest', async () => {
  const api = await newTenant();
  await put(api, first);
  await put(api, second);
  const read = (name: string) => api.send<Read>('GET', `/v1/pipelines/${name}`);
  expect((await read('digest')).body).toMatchObject({ version: 2, definition: second });
  expect((await read('digest@2')).body).toEqual((await read('digest')).body);
  expect((await read('digest@1')).body).toMatchObject({ version: 1 });
  expect((await read('digest@1')).body.definition).toEqual(first);
  expect((await read('digest@3')).status).toBe(404);
});

test('a list shows the newest version of each, by name and page by page', async () => {
  const api = await newTenant();
  for (const name of ['delta', 'alpha', 'charlie', 'bravo']) await put(api, plainPipeline(name));
  await put(api, plainPipeline('charlie', { description: 'newer' }));
  const met: PipelineView[] = [];
  let query = '?limit=3';
  for (;;) {
    const page = await api.send<Page<PipelineView>>('GET', `/v1/pipelines${query}`);
    met.push(...page.body.data);
    if (page.body.next_cursor === null) break;
    query = `?limit=3&after=${page.body.next_cursor}`;
  }
  expect(met.map(({ name, version }) => `${name}@${version}`)).toEqual([
    'alpha@1',
    'bravo@1',
    'charlie@2',
    'delta@1',
  ]);
});

test('a definition can be checked without being published', async () => {
  const api = await newTenant();
  const checked = await api.send('POST', '/v1/pipelines/digest/validate', first);
  expect(checked.status).toBe(200);
  expect(checked.body).toMatchObject({ valid: true, warnings: [], worst_case: { steps: {} } });
  expect((await api.send('GET', '/v1/pipelines/digest')).status).toBe(404);
});
