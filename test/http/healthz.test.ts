import { expect, test } from 'vitest';

import { makeApp } from '../../src/http/app.ts';

async function healthz(settingProblems: readonly string[]): Promise<unknown> {
  const answer = await makeApp().request(
    '/healthz',
    {},
    {
      deps: { settingProblems, machine: { newUuid: () => '0', nowMs: () => 0 }, log: () => {} },
    },
  );
  expect(answer.status).toBe(200);
  return answer.json();
}

test('a probe is told that the Worker answers, and what is wrong with its settings', async () => {
  expect(await healthz([])).toEqual({ status: 'ok' });
  const problems = ['TARGET_LIMITS: "openai" is not a target; write "provider/model"'];
  expect(await healthz(problems)).toEqual({ status: 'ok', problems });
});
