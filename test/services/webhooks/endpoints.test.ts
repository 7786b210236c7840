import { describe, expect, test } from 'vitest';

import type { Actor } from '../../../src/domain/access.ts';
import { projectId } from '../../../src/domain/ids.ts';
import { createEndpoint } from '../../../src/services/webhooks/endpoints/create-endpoint.ts';
import {
  endpointChange,
  endpointInput,
  rotateInput,
} from '../../../src/services/webhooks/endpoints/endpoint-input.ts';
import {
  changeEndpoint,
  deleteEndpoint,
  getEndpoint,
} from '../../../src/services/webhooks/endpoints/manage-endpoints.ts';
import {
  rotateSecret,
  secretsInForce,
} from '../../../src/services/webhooks/endpoints/rotate-secret.ts';
import { readSigningSecrets } from '../../../src/services/webhooks/endpoints/signing-secret.ts';
import {
  pauseEndpoint,
  resumeEndpoint,
} from '../../../src/services/webhooks/endpoints/steer-endpoint.ts';
import { testEndpoint } from '../../../src/services/webhooks/endpoints/test-endpoint.ts';
import type { Result } from '../../../src/services/result.ts';
import { actor, makeWorld } from './webhook-world.ts';

const url = 'https://example.org/hook';

function valueOf<Value>(result: Result<Value>): Value {
  if (!result.ok) throw new Error(result.failure.message);
  return result.value;
}

function codeOf(result: Result<unknown>): string {
  return result.ok ? 'ok' : result.failure.code;
}

async function withEndpoint() {
  const { world, deps } = makeWorld();
  const created = valueOf(await createEndpoint(deps, actor, endpointInput.parse({ url })));
  return { world, deps, id: created.endpoint.id, secret: created.secret };
}

describe('an endpoint', () => {
  test('is made with a secret of its own, and written down without it', async () => {
    const { world, id, secret } = await withEndpoint();
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(world.audit).toMatchObject([
      { action: 'webhook_endpoint.create', subject: id, outcome: 'done', actor: 'key_1' },
    ]);
    expect(JSON.stringify(world.audit)).not.toContain(secret);
  });

  test('beyond what a project may have is refused', async () => {
    const { deps } = await withEndpoint();
    const input = endpointInput.parse({ url });
    const codes = [];
    for (const _ of [1, 2, 3]) codes.push(codeOf(await createEndpoint(deps, actor, input)));
    expect(codes).toEqual(['ok', 'ok', 'conflict']);
  });

  test('is made once under a key, and its secret shown again for a day, until it is rotated', async () => {
    const { world, deps } = makeWorld();
    const make = async (more: object = {}, by = actor) =>
      createEndpoint(deps, by, endpointInput.parse({ url, ...more }), 'once');
    const both = await Promise.all([make(), make()]);
    const [first, second] = both.map(valueOf);
    expect(second?.endpoint).toEqual(first?.endpoint);
    expect(second?.secret).toBe(first?.secret);
    expect(new Set(both.map((each) => valueOf(each).replayed))).toEqual(new Set([false, true]));
    expect(world.endpoints.rows.size).toBe(1);

    // What was asked for counts, not what has become of it; and nobody looks up the host again.
    const id = first?.endpoint.id ?? '';
    await changeEndpoint(deps, actor, id, endpointChange.parse({ description: 'changed' }));
    world.refusedUrl = url;
    const again = valueOf(await make());
    expect(again).toMatchObject({ replayed: true, secret: first?.secret });
    const seen = { action: 'webhook_endpoint.create', subject: id, outcome: 'done' };
    expect(world.audit.at(-1)).toMatchObject({
      ...seen,
      reason: expect.stringContaining('shown again'),
    });
    expect(again.endpoint.description).toBe('changed');
    expect(codeOf(await make({ ordered: true }))).toBe('idempotency_key_reused');
    world.nowMs += 86_400_000;
    expect(valueOf(await make()).secret).toBeNull();
    world.nowMs -= 86_400_000;
    await rotateSecret(deps, actor, id, rotateInput.parse({}));
    expect(valueOf(await make()).secret).toBeNull();

    // Beside one that is gone the key makes another one.
    world.refusedUrl = '';
    await deleteEndpoint(deps, actor, id);
    const anew = valueOf(await make());
    expect([anew.replayed, anew.endpoint.id === id]).toEqual([false, false]);
    const stranger: Actor = { ...actor, project: projectId('prj_2') };
    expect(valueOf(await make({}, stranger)).replayed).toBe(false);
  });

  test('is neither made nor changed to a URL that breaks a rule', async () => {
    const { world, deps, id } = await withEndpoint();
    world.refusedUrl = 'https://10.0.0.1/';
    const input = endpointInput.parse({ url: world.refusedUrl });
    expect(codeOf(await createEndpoint(deps, actor, input))).toBe('invalid_request');
    const change = endpointChange.parse({ url: world.refusedUrl });
    expect(codeOf(await changeEndpoint(deps, actor, id, change))).toBe('invalid_request');
    expect(world.endpoints.rows.get(id)?.url).toBe(url);
  });

  test('needs a deployment that can sign', async () => {
    const { deps } = await withEndpoint();
    const mute = { ...deps, projectSecrets: null };
    const created = await createEndpoint(mute, actor, endpointInput.parse({ url }));
    expect(codeOf(created)).toBe('unprocessable');
    expect(codeOf(await readSigningSecrets(mute, actor))).toBe('unprocessable');
  });

  test('changes in what is given alone, and its deliveries hear of their order', async () => {
    const { world, deps, id } = await withEndpoint();
    const change = endpointChange.parse({ ordered: true, headers: { 'X-Key': 'k' } });
    const changed = valueOf(await changeEndpoint(deps, actor, id, change));
    expect(changed).toMatchObject({ url, ordered: true, headers: { 'x-key': 'k' }, events: ['*'] });
    expect(world.placeOf(id).told).toEqual([{ state: 'active', ordered: true }]);
    expect(endpointChange.safeParse({}).success).toBe(false);
  });

  test('of another project does not exist', async () => {
    const { deps, id } = await withEndpoint();
    const stranger: Actor = { ...actor, project: projectId('prj_2') };
    const rotate = rotateInput.parse({});
    const answers = await Promise.all([
      getEndpoint(deps, stranger, id),
      changeEndpoint(deps, stranger, id, { description: 'mine' }),
      deleteEndpoint(deps, stranger, id),
      rotateSecret(deps, stranger, id, rotate),
      pauseEndpoint(deps, stranger, id),
      resumeEndpoint(deps, stranger, id),
      testEndpoint(deps, stranger, id),
    ]);
    expect(new Set(answers.map(codeOf))).toEqual(new Set(['not_found']));
  });

  test('is out of reach of a key without the scopes', async () => {
    const { deps, id } = await withEndpoint();
    const reader: Actor = { ...actor, scopes: new Set(['webhooks:read']) };
    const input = endpointInput.parse({ url });
    expect(codeOf(await getEndpoint(deps, reader, id))).toBe('ok');
    for (const refused of [
      await createEndpoint(deps, reader, input),
      await deleteEndpoint(deps, reader, id),
      await testEndpoint(deps, reader, id),
      await pauseEndpoint(deps, reader, id),
      await readSigningSecrets(deps, reader),
    ]) {
      expect(codeOf(refused)).toBe('forbidden');
    }
  });

  test('that is deleted is gone, and its deliveries are told to give up', async () => {
    const { world, deps, id } = await withEndpoint();
    expect(codeOf(await deleteEndpoint(deps, actor, id))).toBe('ok');
    expect(codeOf(await deleteEndpoint(deps, actor, id))).toBe('not_found');
    expect(world.placeOf(id).told).toEqual([{ state: 'disabled', ordered: false }]);
  });
});

describe('a secret', () => {
  test('is rotated; the old one stays in force as long as it is told to', async () => {
    const { world, deps, id, secret } = await withEndpoint();
    const rotated = valueOf(await rotateSecret(deps, actor, id, rotateInput.parse({})));
    expect(rotated.secret).not.toBe(secret);
    const inForce = (ms: number) =>
      secretsInForce(rotated.endpoint, world.nowMs + ms).map((each) => each.secret);
    expect(inForce(86_399_999)).toEqual([rotated.secret, secret]);
    expect(inForce(86_400_000)).toEqual([rotated.secret]);
  });

  test('is not rotated while two are in force, except when both end at once', async () => {
    const { world, deps, id } = await withEndpoint();
    await rotateSecret(deps, actor, id, rotateInput.parse({ keep_old_for: '1h' }));
    const third = await rotateSecret(deps, actor, id, rotateInput.parse({}));
    expect(third).toMatchObject({
      ok: false,
      failure: { code: 'conflict', message: expect.stringMatching(/1970-01-01T01:16:40.000Z/) },
    });
    const now = rotateInput.parse({ keep_old_for: '0s' });
    expect(valueOf(await rotateSecret(deps, actor, id, now)).endpoint.secrets).toHaveLength(1);
    await rotateSecret(deps, actor, id, rotateInput.parse({ keep_old_for: '1h' }));
    world.nowMs += 3_600_000;
    expect(codeOf(await rotateSecret(deps, actor, id, rotateInput.parse({})))).toBe('ok');
  });

  test('of one’s own may be sent twice', async () => {
    const { world, deps, id } = await withEndpoint();
    const own = rotateInput.parse({ secret: `whsec_${'QUJD'.repeat(8)}` });
    for (const _ of [1, 2]) valueOf(await rotateSecret(deps, actor, id, own));
    expect(world.endpoints.rows.get(id)?.secrets).toHaveLength(2);
  });

  test('that two requests rotate at once is rotated by one of them', async () => {
    const { world, deps, id } = await withEndpoint();
    const seen = await deps.webhookEndpoints.get(actor.project, id);
    const slow = { ...deps, webhookEndpoints: { ...deps.webhookEndpoints, get: async () => seen } };
    const codes = [
      codeOf(await rotateSecret(slow, actor, id, rotateInput.parse({}))),
      codeOf(await rotateSecret(slow, actor, id, rotateInput.parse({}))),
    ];
    expect(codes).toEqual(['ok', 'conflict']);
    expect(world.endpoints.rows.get(id)?.secrets).toHaveLength(2);
  });
});

describe('an endpoint’s state', () => {
  test('is paused and resumed, however often it is asked for', async () => {
    const { world, deps, id } = await withEndpoint();
    for (const _ of [1, 2]) {
      const paused = valueOf(await pauseEndpoint(deps, actor, id));
      expect(paused).toMatchObject({ state: 'paused', stateReason: 'paused_by_user' });
    }
    expect(codeOf(await testEndpoint(deps, actor, id))).toBe('conflict');
    for (const _ of [1, 2]) {
      const active = valueOf(await resumeEndpoint(deps, actor, id));
      expect(active).toMatchObject({ state: 'active', stateReason: null });
    }
    const states = world.placeOf(id).told.map(({ state }) => state);
    expect(states).toEqual(['paused', 'paused', 'active', 'active']);
  });

  test('that deliveries cannot be told of is asked for again', async () => {
    const { world, deps, id } = await withEndpoint();
    const dead = { ...world.placeOf(id), changed: () => Promise.reject(new Error('reset')) };
    const cut = { ...deps, deliveriesOf: { ...deps.deliveriesOf, endpoint: () => dead } };
    expect(codeOf(await pauseEndpoint(cut, actor, id))).toBe('unavailable');
    expect(codeOf(await pauseEndpoint(deps, actor, id))).toBe('ok');
    expect(world.placeOf(id).told).toEqual([{ state: 'paused', ordered: false }]);
  });

  test('disabled is not paused, and is resumed', async () => {
    const { deps, id } = await withEndpoint();
    const key = { project: actor.project, id };
    const gone = { from: 'active', to: 'disabled', reason: 'http_410', atMs: 1 } as const;
    await deps.webhookEndpoints.moveState(key, gone);
    expect(codeOf(await pauseEndpoint(deps, actor, id))).toBe('conflict');
    expect(valueOf(await resumeEndpoint(deps, actor, id)).state).toBe('active');
  });
});

test('a test is a delivery of its own each time', async () => {
  const { deps, id } = await withEndpoint();
  const first = valueOf(await testEndpoint(deps, actor, id));
  const second = valueOf(await testEndpoint(deps, actor, id));
  expect(first.announcement).toMatchObject({ type: 'webhook.test', data: { endpoint: id } });
  expect(first).toMatchObject({ url, endpointId: id });
  expect(second.id).not.toBe(first.id);
});

test('the secret of jobs’ webhooks is for administrators, and reading it is written down', async () => {
  const { world, deps } = await withEndpoint();
  expect(valueOf(await readSigningSecrets(deps, actor))).toHaveLength(1);
  expect(world.audit.at(-1)).toMatchObject({ action: 'webhook_signing_secret.read' });
});
