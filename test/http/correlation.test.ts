import { describe, expect, test } from 'vitest';

import { makeApp } from '../../src/http/app.ts';
import type { LogFields } from '../../src/services/ports/log-fields.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const FRESH = '01a207b3-8d4d-7239-95f9-61c9b98916f4';
const FRESH_TRACE = FRESH.replaceAll('-', '');

type Line = LogFields & { readonly event: string };

async function ask(path: string, headers: Readonly<Record<string, string>> = {}) {
  const lines: Line[] = [];
  const answer = await makeApp().request(
    path,
    { headers },
    {
      deps: {
        settingProblems: [],
        machine: { newUuid: () => FRESH, nowMs: () => 0 },
        log: (_level: string, event: string, fields: LogFields) => {
          lines.push({ event, ...fields });
        },
      },
    },
  );
  return { answer, lines };
}

describe('the trace of a request', () => {
  const cases: readonly (readonly [given: string, told: string])[] = [
    [`00-${TRACE}-${SPAN}-01`, `${TRACE}-01`],
    [`00-${TRACE}-${SPAN}-03`, `${TRACE}-01`],
    // A caller that records nothing is not told that something was recorded.
    [`00-${TRACE}-${SPAN}-00`, `${TRACE}-00`],
    [`00-${TRACE}-${SPAN}-02`, `${TRACE}-00`],
    // Versions to come keep what ours has, and may add to it.
    [`01-${TRACE}-${SPAN}-01`, `${TRACE}-01`],
    [`cc-${TRACE}-${SPAN}-01-what-will-be`, `${TRACE}-01`],
    [`cc-${TRACE}-${SPAN}-01.what-will-be`, `${FRESH_TRACE}-01`],
    [`00-${TRACE}-${SPAN}-01-what-will-be`, `${FRESH_TRACE}-01`],
    [`ff-${TRACE}-${SPAN}-01`, `${FRESH_TRACE}-01`],
    [`00-${'0'.repeat(32)}-${SPAN}-01`, `${FRESH_TRACE}-01`],
    [`00-${TRACE}-${'0'.repeat(16)}-01`, `${FRESH_TRACE}-01`],
    [`00-${TRACE.toUpperCase()}-${SPAN}-01`, `${FRESH_TRACE}-01`],
    [`00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`, `${FRESH_TRACE}-01`],
    ['', `${FRESH_TRACE}-01`],
  ];
  test.each(cases)('of %s is %s', async (traceparent, told) => {
    const { answer } = await ask('/healthz', { traceparent });
    const [version, trace, span, flags] = answer.headers.get('traceparent')?.split('-') ?? [];
    expect(`${trace}-${flags}`).toBe(told);
    expect(version).toBe('00');
    expect(span).toMatch(/^[0-9a-f]{16}$/);
    expect(span).not.toBe(SPAN);
  });
});

test('the line of a refused request says why it was refused', async () => {
  const refused = await ask('/nowhere');
  expect(refused.lines).toMatchObject([{ event: 'http.request', status: 404, code: 'not_found' }]);
  const taken = await ask('/healthz');
  expect(taken.lines).toMatchObject([{ event: 'http.request', status: 200, code: undefined }]);
});
