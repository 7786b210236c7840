import { describe, expect, test } from 'vitest';

import { makeApp } from '../../src/http/app.ts';
import type { AppEnv } from '../../src/http/deps.ts';
import type { CallbackVerdict } from '../../src/providers/port.ts';
import { CALLBACK_BYTES_MAX } from '../../src/services/callbacks/receive-callback.ts';
import { makeSignedTokens } from '../../src/services/signed-token.ts';

const NOW_MS = 1_700_000_000_000;
const tokens = makeSignedTokens('a'.repeat(32), null);
const link = {
  provider: 'queue',
  project: 'prj_test',
  job: 'job_0190000000007000800000000000000007',
  step: 'ask',
  item: null,
  attempt: 1,
};

/** The door, with a provider that says this of every signature. */
function door(verdict: CallbackVerdict) {
  const told: unknown[] = [];
  const deps = {
    tokens,
    log: () => {},
    machine: { nowMs: () => NOW_MS, newUuid: () => crypto.randomUUID(), sha256: async () => 'ab' },
    providers: {
      get: (id: string) =>
        id === 'deaf' ? {} : { callbacks: { verify: async () => verdict, read: () => null } },
    },
    objects: { put: async () => {} },
    shards: {
      of: () => ({
        callBack: async (request: unknown) => {
          told.push(request);
          return { kind: 'taken' };
        },
      }),
    },
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the door needs no more than this
  const env = { deps, background: () => {} } as unknown as AppEnv['Bindings'];
  const call = (provider: string, token: string, init: RequestInit = { body: '{}' }) =>
    makeApp().request(`/callbacks/${provider}/${token}`, { method: 'POST', ...init }, env);
  return { call, told };
}

describe('POST /callbacks/{provider}/{token}', () => {
  test('tells the shard of the attempt that the token names', async () => {
    const { call, told } = door({ kind: 'genuine' });
    const token = await tokens.sign('callback', link, NOW_MS + 1);
    const answer = await call('queue', token);
    expect(answer.status).toBe(200);
    expect(told).toMatchObject([{ jobId: link.job, step: 'ask', item: null, attempt: 1 }]);
  });

  test('refuses another signature, another address, and too much, and says why', async () => {
    const { call, told } = door({ kind: 'refused', reason: 'the signature is not the provider’s' });
    const token = await tokens.sign('callback', link, NOW_MS + 1);
    const expired = await tokens.sign('callback', link, NOW_MS);
    const file = await tokens.sign('file', link, NOW_MS + 1);
    const large = { body: '{}', headers: { 'content-length': String(CALLBACK_BYTES_MAX + 1) } };
    const answers = await Promise.all([
      call('queue', token),
      call('queue', 'nothing'),
      call('queue', expired),
      call('queue', file),
      call('other', token),
      call('deaf', token),
      call('queue', token, large),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([401, 404, 404, 404, 404, 404, 413]);
    for (const { headers } of answers) {
      expect(headers.get('content-type')).toContain('application/problem+json');
    }
    expect(told).toEqual([]);
  });
});
