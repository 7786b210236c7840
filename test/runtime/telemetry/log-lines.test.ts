import { describe, expect, test } from 'vitest';

import { linesOf, type LogLine } from '../../../src/runtime/telemetry/log-lines.ts';
import { logFields } from '../../../src/services/ports/log-fields.ts';
import type { DefinitionBody } from '../../support/engine-driver.ts';
import { ShardDriver } from '../../support/shard-driver.ts';

const target = (model: string) => ({ provider: 'openai', model });
const asks: DefinitionBody = {
  steps: [
    {
      id: 'ask',
      uses: 'model.chat',
      with: { messages: [] },
      route: { targets: [target('first'), target('second')] },
      retry: { max_attempts: 2, base_delay: '1ms' },
    },
    { id: 'join', uses: 'data.compose', needs: ['ask'] },
  ],
};

function linesBy(driver: ShardDriver): LogLine[] {
  return driver.measured.flatMap(linesOf);
}

function told(lines: readonly LogLine[]) {
  return lines.map(({ level, event, fields: { step, outcome } }) =>
    [level, event, step, outcome].filter((part) => typeof part === 'string').join(' '),
  );
}

describe('the lines of commits', () => {
  test('tell of a job from its acceptance to its end', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(asks);
    driver.finish(jobId);
    const lines = linesBy(driver);
    expect(told(lines)).toEqual([
      'info job.accepted',
      'debug attempt.started ask',
      'info attempt.ended ask succeeded',
      'debug attempt.started join',
      'debug attempt.ended join succeeded',
      'info job.ended',
    ]);
    const { birth } = driver.state(jobId);
    for (const { fields } of lines) {
      expect(fields).toMatchObject({
        job_id: jobId,
        request_id: birth.correlation.requestId,
        trace_id: birth.correlation.traceId,
        project: birth.project,
        pipeline: `${birth.pipeline}@${birth.version}`,
      });
      expect(Object.keys(fields).filter((name) => !logFields.some((one) => one === name))).toEqual(
        [],
      );
    }
    expect(lines[2]?.fields).toMatchObject({ provider: 'openai', model: 'first', attempt: 1 });
    expect(lines.at(-1)?.fields).toMatchObject({ status: 'succeeded', events: expect.any(Number) });
  });

  test('warn of a failure with its class, and never hold what the provider said', () => {
    const driver = new ShardDriver();
    const jobId = driver.create(asks);
    const fail = (key: string) =>
      driver.failed(key, { class: 'overloaded', phase: 'rejected', detail: 'herring' });
    driver.settle(jobId, ...driver.claim(jobId).map(fail));
    driver.nowMs += 1_000;
    driver.settle(jobId, ...driver.claim(jobId).map(fail));
    const lines = linesBy(driver);
    expect(told(lines).filter((line) => !line.startsWith('debug'))).toEqual([
      'info job.accepted',
      'warn attempt.ended ask failed',
      'info fallback.taken ask',
      'warn attempt.ended ask failed',
      'warn job.ended ask',
    ]);
    const failed = lines.filter(({ event }) => event === 'attempt.ended');
    expect(failed.map(({ fields }) => fields.class)).toEqual(['overloaded', 'overloaded']);
    expect(failed.map(({ fields }) => fields.stopped)).toEqual([undefined, 'max_attempts']);
    expect(JSON.stringify(lines)).not.toContain('herring');
    expect(lines.at(-1)?.fields).toMatchObject({ status: 'failed', step: 'ask' });
  });

  test('name the step and the targets of a job that failed before any call', () => {
    const driver = new ShardDriver();
    driver.unusable.set('openai', 'not configured: herring');
    const jobId = driver.create(asks);
    driver.claim(jobId);
    const lines = linesBy(driver);
    expect(told(lines)).toEqual([
      'info job.accepted',
      'warn step.failed ask',
      'warn job.ended ask',
    ]);
    expect(lines[1]?.fields).toMatchObject({
      class: 'not_configured',
      code: 'no_target',
      stopped: 'no_target_left',
      target: 'openai/first,openai/second',
    });
    expect(JSON.stringify(lines)).not.toContain('herring');
  });
});
