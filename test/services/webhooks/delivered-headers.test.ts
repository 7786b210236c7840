import { expect, test } from 'vitest';

import { jobIdOf, projectId } from '../../../src/domain/ids.ts';
import {
  deliverOne,
  type DeliverDeps,
} from '../../../src/services/webhooks/delivering/deliver-one.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = 'a'.repeat(16);

/** The `traceparent` that a receiver sees. */
async function traceparentOf(order: { readonly sampled?: false }, traceId: string) {
  let seen: string | null = null;
  const deps = {
    outside: { check: async (url: string) => ({ ok: true, value: new URL(url) }) },
    fetch: async (_url: string, { headers }: RequestInit) => {
      seen = new Headers(headers).get('traceparent');
      return new Response('ok');
    },
    projectSecrets: async () => [`whsec_${btoa('x'.repeat(32))}`],
    machine: { nowMs: () => 1_000, wait: () => new Promise(() => {}) },
    log: () => {},
  } as unknown as DeliverDeps;
  const jobId = jobIdOf('0190a000-0000-7000-8000-000000000001', 1);
  const announcement = {
    id: 'evt_1',
    type: 'job.started',
    atMs: 0,
    jobId,
    seq: 1,
    data: { trace_id: traceId },
  };
  const to = { url: 'https://own.example/hook', payload: 'thin' } as const;
  const report = await deliverOne(
    deps,
    { project: projectId('prj_test'), endpointId: null },
    {
      id: `whd_${'0'.repeat(16)}${SPAN}`,
      number: 1,
      order: { announcement, to, ...order },
      failingSinceMs: null,
    },
  );
  expect(report.verdict).toBe('delivered');
  return seen;
}

test('a receiver is told the job’s trace, and whether its caller records it', async () => {
  expect(await traceparentOf({}, TRACE)).toBe(`00-${TRACE}-${SPAN}-01`);
  expect(await traceparentOf({ sampled: false }, TRACE)).toBe(`00-${TRACE}-${SPAN}-00`);
  expect(await traceparentOf({}, 'none')).toBeNull();
});
