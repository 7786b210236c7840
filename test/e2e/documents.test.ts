import { Validator } from '@seriousme/openapi-schema-validator';
import { compileSchema } from 'json-schema-library';
import { expect, inject, test } from 'vitest';

import type { JsonObject } from '../../src/domain/json.ts';
import type { Problem } from '../../src/services/views/problem-schema.ts';
import { makeApi, newTenant, rootApi } from './support/api.ts';
import { documentOf } from './support/contract.ts';
import { plainPipeline } from './support/pipelines.ts';
import { expectProblem } from './support/problem.ts';

const UNUSED = { idle: { targets: [{ provider: 'openai', model: 'm' }] } };

const nobody = () => makeApi(inject('shared').url, '');

test('health needs no key', async () => {
  const answer = await nobody().send('GET', '/healthz');
  expect([answer.status, answer.body]).toEqual([200, { status: 'ok' }]);
  expect(answer.headers.get('x-request-id')).toBeTruthy();
});

test('the OpenAPI document is valid and needs no key', async () => {
  const answer = await nobody().send<Record<string, unknown>>('GET', '/openapi.json');
  expect(answer.status).toBe(200);
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone(answer.body));
  expect(errors).toBeUndefined();
  expect([valid, validator.version]).toEqual([true, '3.1']);
});

test('the schema of pipelines needs no key; what it takes can be published, and its hint is not stored', async () => {
  const answer = await nobody().send<JsonObject>('GET', '/schema/pipeline.json');
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    200,
    'application/schema+json',
  ]);
  const schema = compileSchema(answer.body);
  expect(schema.schemaErrors ?? []).toEqual([]);
  const hint = `${inject('shared').url}/schema/pipeline.json`;
  const definition = { $schema: hint, ...plainPipeline('hinted', { routes: UNUSED }) };
  expect(schema.validate(definition).errors).toEqual([]);
  expect(schema.validate({ ...definition, stepz: [] }).errors).not.toEqual([]);
  const api = await newTenant();
  const put = await api.send<JsonObject>('PUT', '/v1/pipelines/hinted', definition);
  expect(put.body).toMatchObject({ warnings: [{ pointer: '/routes/idle', code: 'unused_route' }] });
  const read = await api.send<{ definition: JsonObject }>('GET', '/v1/pipelines/hinted');
  expect(Object.keys(read.body.definition)).not.toContain('$schema');
});

test('every reference in the document leads somewhere', async () => {
  const document = await documentOf(inject('shared').url);
  const schemas = Object.keys((document.components as { schemas: object }).schemas);
  const named = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref);
  expect(named.length).toBeGreaterThan(0);
  for (const ref of named) {
    expect(schemas.map((name) => `#/components/schemas/${name}`)).toContain(ref);
  }
});

test('every documented path is served', async () => {
  const { paths } = await documentOf(inject('shared').url);
  const requests = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => [method.toUpperCase(), path] as const),
  );
  expect(requests.length).toBeGreaterThan(10);
  for (const [method, path] of requests) {
    const body = ['POST', 'PUT'].includes(method) ? {} : undefined;
    // A stream of events has no end; asked for events that there are not, it is refused.
    const query = path === '/v1/events' ? '?types=none' : '';
    const address = `${path.replaceAll(/\{\w+\}/g, 'x')}${query}`;
    const answer = await rootApi().send<Problem>(method, address, body);
    expect(answer.status, answer.text).toBeLessThan(500);
    expect(answer.text, path).not.toMatch(/the paths are listed/);
  }
});

test('a path or a method that is not served says where to look', async () => {
  for (const [method, path] of [
    ['GET', '/v1/jobz'],
    ['DELETE', '/v1/jobs'],
    ['GET', '/nothing'],
  ] as const) {
    const answer = await rootApi().send<Problem>(method, path);
    const { detail } = expectProblem(answer, { status: 404, code: 'not_found', at: {} });
    expect(detail).toContain(`${method} ${path}`);
    expect(detail).toContain('/docs');
  }
});

test('the page for people lists every request and every error, and needs no key', async () => {
  const answer = await nobody().send('GET', '/docs');
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
  const { paths } = await documentOf(inject('shared').url);
  for (const path of Object.keys(paths)) expect(answer.text).toContain(path);
  const refusal = await nobody().send<Problem>('GET', '/v1/jobs');
  const [page, anchor] = refusal.body.type.split('#');
  expect(page).toBe('/docs');
  expect(answer.text).toContain(`id="${anchor}"`);
  expect(answer.text).not.toMatch(/<script|https?:\/\//);
});

test('the root of the server leads to that page', async () => {
  const answer = await nobody().send('GET', '/');
  expect([answer.status, answer.headers.get('location')]).toEqual([302, '/docs']);
});
