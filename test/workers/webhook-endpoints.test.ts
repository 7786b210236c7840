import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';

import { projectId } from '../../src/domain/ids.ts';
import type { WebhookEndpoint } from '../../src/domain/webhook.ts';
import { resealEndpoints } from '../../src/runtime/d1/webhooks/reseal-endpoints.ts';
import { makeWebhookEndpoints } from '../../src/runtime/d1/webhooks/webhook-endpoints.ts';
import { fireHourly } from './support/bindings.ts';
import { makeSecretBox, shutBox } from '../../src/services/webhooks/secret-box.ts';

const endpoints = makeWebhookEndpoints(env.DB, makeSecretBox('s'.repeat(32), null));
let made = 0;

function newEndpoint(change: Partial<WebhookEndpoint> = {}): WebhookEndpoint {
  made += 1;
  return {
    id: `whe_${made.toString(16).padStart(32, '0')}`,
    project: projectId(`prj_hooks${made}`),
    url: 'https://example.org/hook',
    events: ['job.*', 'step.failed'],
    payload: 'thin',
    ordered: true,
    headers: { authorization: 'Bearer of-the-receiver' },
    secrets: [{ secret: 'whsec_one', createdAtMs: 5, expiresAtMs: null }],
    secretsChangedAtMs: 5,
    state: 'active',
    stateReason: null,
    stateSinceMs: 5,
    description: '',
    createdAtMs: 5,
    ...change,
  };
}

test('an endpoint is read as it was stored, by its own project alone', async () => {
  const endpoint = newEndpoint();
  expect(await endpoints.insert(endpoint, 16)).toBe(true);
  expect(await endpoints.get(endpoint.project, endpoint.id)).toEqual(endpoint);
  expect(await endpoints.list(endpoint.project)).toEqual([endpoint]);
  expect(await endpoints.get(projectId('prj_other'), endpoint.id)).toBeNull();
  expect(await endpoints.remove(projectId('prj_other'), endpoint.id, 7)).toBe(false);
});

test('of those that come at once under one key one is made, and while it is there no other', async () => {
  const project = projectId('prj_keyed');
  const asked = { keySha256: 'k', bodySha256: 'b' };
  const all = Array.from({ length: 5 }, () => newEndpoint({ project }));
  const inserted = await Promise.all(all.map((each) => endpoints.insert(each, 16, asked)));
  expect(inserted.filter(Boolean)).toHaveLength(1);
  const known = await endpoints.madeUnder(project, 'k');
  expect(known).toEqual({ endpoint: all[inserted.indexOf(true)], bodySha256: 'b' });
  expect(await endpoints.madeUnder(projectId('prj_other'), 'k')).toBeNull();
  expect(await endpoints.remove(project, known?.endpoint.id ?? '', 7)).toBe(true);
  expect(await endpoints.madeUnder(project, 'k')).toBeNull();
  expect(await endpoints.insert(newEndpoint({ project }), 16, asked)).toBe(true);
  // Without a key nothing is in the way.
  expect(await endpoints.insert(newEndpoint({ project }), 16)).toBe(true);
  expect(await endpoints.insert(newEndpoint({ project }), 16)).toBe(true);
});

test('neither secrets nor headers can be read in the database', async () => {
  const endpoint = newEndpoint();
  await endpoints.insert(endpoint, 16);
  const row = await env.DB.prepare('SELECT * FROM webhook_endpoints WHERE id = ?')
    .bind(endpoint.id)
    .first();
  expect(JSON.stringify(row)).not.toMatch(/whsec_one|of-the-receiver/);
  const blind = await makeWebhookEndpoints(env.DB, shutBox).get(endpoint.project, endpoint.id);
  expect(blind).toEqual({ ...endpoint, headers: {}, secrets: [] });
});

test('a project has no more endpoints than it may, even when they come at once', async () => {
  const project = projectId('prj_crowd');
  const tries = Array.from({ length: 6 }, () => endpoints.insert(newEndpoint({ project }), 4));
  expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(4);
  expect(await endpoints.list(project)).toHaveLength(4);
});

test('changes at the same time do not undo each other', async () => {
  const endpoint = newEndpoint();
  await endpoints.insert(endpoint, 16);
  const rotated = {
    secrets: [{ secret: 'whsec_two', createdAtMs: 9, expiresAtMs: null }],
    secretsChangedAtMs: 9,
  };
  const moved = { from: 'active', to: 'paused', reason: 'asked', atMs: 7 } as const;
  const [changed, first, second, paused, again] = await Promise.all([
    endpoints.change(endpoint, { url: 'https://example.org/new', headers: {}, ordered: false }),
    endpoints.rotate(endpoint, 5, rotated),
    endpoints.rotate(endpoint, 5, { ...rotated, secretsChangedAtMs: 10 }),
    endpoints.moveState(endpoint, moved),
    endpoints.moveState(endpoint, { ...moved, to: 'disabled' }),
  ]);
  expect([changed, first !== second, paused !== again]).toEqual([true, true, true]);
  const now = await endpoints.get(endpoint.project, endpoint.id);
  expect(now).toMatchObject({ url: 'https://example.org/new', headers: {}, ordered: false });
  expect(now?.secrets).toEqual(rotated.secrets);
  expect(now?.events).toEqual(endpoint.events);
  expect(now?.state).not.toBe('active');
});

test('what is gone is not changed', async () => {
  const endpoint = newEndpoint();
  await endpoints.insert(endpoint, 16);
  expect(await endpoints.remove(endpoint.project, endpoint.id, 7)).toBe(true);
  expect(await endpoints.change(endpoint, {})).toBe(false);
  expect(await endpoints.remove(endpoint.project, endpoint.id, 8)).toBe(false);
  const { id, url, project } = endpoint;
  expect(await endpoints.removed(project, 7, 10)).toEqual([{ id, url }]);
  expect(await endpoints.removed(project, 8, 10)).toEqual([]);
  expect(await endpoints.removed(projectId('prj_other'), 0, 10)).toEqual([]);
  expect(await endpoints.list(project)).toEqual([]);
  // By the hour what was gone long ago goes from there too.
  await fireHourly(Date.now());
  expect(await endpoints.removed(project, 0, 10)).toEqual([]);
});

test('what the former secret has sealed is sealed anew, and then needs it no more', async () => {
  const former = makeWebhookEndpoints(env.DB, makeSecretBox('o'.repeat(32), null));
  const sealed = [newEndpoint(), newEndpoint(), newEndpoint()];
  for (const endpoint of sealed) await former.insert(endpoint, 16);
  const both = makeSecretBox('s'.repeat(32), 'o'.repeat(32));
  expect(await resealEndpoints(env.DB, both)).toBe(sealed.length);
  expect(await resealEndpoints(env.DB, both)).toBe(0);
  for (const endpoint of sealed) {
    expect(await endpoints.get(endpoint.project, endpoint.id)).toEqual(endpoint);
  }
});

test('whoever makes and deletes endpoints without end leaves no list without end', async () => {
  const project = projectId('prj_churn');
  const ids: string[] = [];
  for (let index = 0; index < 103; index += 1) {
    const endpoint = newEndpoint({ project });
    ids.push(endpoint.id);
    await endpoints.insert(endpoint, 16);
    await endpoints.remove(project, endpoint.id, 1_000 + Math.floor(index / 2));
  }
  const kept = await endpoints.removed(project, 0, 500);
  expect(kept.map(({ id }) => id).toSorted()).toEqual(ids.slice(3));
});
