import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { OutputCutter, type Piece } from '../../../scripts/lib/tail/cut-output.ts';
import { jsonText, printable } from '../../../scripts/lib/tail/printable.ts';
import { recordsOf, type LogRecord } from '../../../scripts/lib/tail/records.ts';
import { makeSelection, type Wanted } from '../../../scripts/lib/tail/select-records.ts';
import { showRecord } from '../../../scripts/lib/tail/show-record.ts';

const AT = '2026-11-22T10:20:30.456Z';

function line(event: string, fields: object, level = 'info'): string {
  return JSON.stringify({ level, event, at: AT, ...fields });
}

function record(event: string, fields: object, level: LogRecord['level'] = 'info'): LogRecord {
  return { level, event, at: AT, fields: { ...fields } };
}

function cut(...chunks: readonly string[]): Piece[] {
  const cutter = new OutputCutter();
  return [...chunks.flatMap((chunk) => cutter.push(chunk)), ...cutter.end()];
}

function of(text: string): LogRecord[] {
  return cut(text).flatMap(recordsOf);
}

/** An invocation as `wrangler tail --format json` prints it. */
function invocation(more: object = {}): string {
  const told = {
    wallTime: 12,
    cpuTime: 3,
    truncated: false,
    executionModel: 'stateless',
    outcome: 'ok',
    scriptName: 'penstock-production',
    exceptions: [],
    logs: [{ message: [line('job.accepted', { job_id: 'job_1' })], level: 'info', timestamp: 1 }],
    eventTimestamp: Date.parse(AT),
    event: { request: { url: 'https://x/v1/jobs', method: 'POST', headers: {} } },
    ...more,
  };
  return `${JSON.stringify(told, null, 2)}\n`;
}

describe('output is cut into objects and lines', () => {
  const output = [
    'Successfully created tail',
    line('http.request', { route: '/v1/jobs' }),
    invocation().trimEnd(),
    '{ this is no object',
    'more talk',
    invocation({ logs: [] }).trimEnd(),
    line('job.ended', { text: '}\\n{"€' }),
    '{',
    '  "cut off": 1,',
  ].join('\n');

  test('wherever it is broken in two', () => {
    const whole = cut(output);
    expect(whole.map(({ kind }) => kind)).toEqual([
      'text',
      'json',
      'json',
      'text',
      'text',
      'json',
      'json',
      'text',
      'text',
    ]);
    const places = fc.array(fc.nat({ max: output.length }), { maxLength: 20 });
    fc.assert(
      fc.property(places, (cuts) => {
        const ends = [...cuts.toSorted((left, right) => left - right), output.length];
        const chunks = ends.map((end, index) => output.slice(ends[index - 1] ?? 0, end));
        expect(cut(...chunks)).toEqual(whole);
      }),
    );
  });

  test('an object that never ends is given up', () => {
    const endless = `{\n${'  "a": 1,\n'.repeat(250_000)}`;
    expect(cut(endless, `\n${line('job.ended', {})}\n`).at(-1)).toMatchObject({ kind: 'json' });
  });

  test('a line that never ends is shown as far as it came, and passed over', () => {
    const endless = Array.from({ length: 50 }, () => `{"a": "${'a'.repeat(65_536)}`);
    const pieces = cut(...endless, `\n${line('job.ended', {})}\n`);
    expect(pieces.map(({ kind }) => kind)).toEqual(['text', 'json']);
  });

  test('warnings and errors are found behind the sign of the local server', () => {
    const warned = line('job.ended', { job_id: 'job_1' }, 'warn');
    const failed = line('attempt.defect', { job_id: 'job_1' }, 'error');
    const printed = [
      `\u001B[33m▲ \u001B[43;33m[\u001B[43;30mWARNING\u001B[43;33m]\u001B[0m \u001B[1m${warned}\u001B[0m`,
      `\u001B[31m✘ \u001B[41;31m[\u001B[41;97mERROR\u001B[41;31m]\u001B[0m \u001B[1m${failed}\u001B[0m`,
      `▲ [WARNING] ${warned}`,
      '▲ [WARNING] talk of the tool',
    ];
    const found = of(printed.join('\n\n')).map(({ level, event }) => `${level} ${event}`);
    expect(found).toEqual(['warn job.ended', 'error attempt.defect', 'warn job.ended']);
  });

  test('a mark at its beginning is no part of it', () => {
    expect(cut(`\uFEFF${line('job.ended', {})}\r\n`)).toMatchObject([{ kind: 'json' }]);
  });
});

describe('the facts in it', () => {
  test('are the same from a line and from an invocation', () => {
    const own = of(line('job.accepted', { job_id: 'job_1' }));
    expect(own).toEqual([record('job.accepted', { job_id: 'job_1' })]);
    expect(of(invocation())).toEqual(own);
  });

  test('are also what the platform says of an invocation', () => {
    const exceptions = [{ name: 'Error', message: 'a secret', timestamp: Date.parse(AT) }];
    const logs = [{ message: ['plain', 7], level: 'warn', timestamp: Date.parse(AT) }];
    const told = of(invocation({ outcome: 'exceededCpu', exceptions, logs, truncated: true }));
    const invoked = { trigger: 'request POST', entrypoint: null, latency_ms: 12, cpu_ms: 3 };
    expect(told).toEqual([
      record('console', { text: 'plain 7' }, 'warn'),
      record('worker.exception', { error: 'Error', stack: null }, 'error'),
      record('worker.outcome', { outcome: 'exceededCpu', ...invoked }, 'error'),
      record('worker.log_truncated', invoked, 'warn'),
    ]);
  });

  test.each([
    [{ request: { method: 'GET', url: 'https://x/v1/callbacks/secret' } }, 'request GET'],
    [{ cron: '0 * * * *', scheduledTime: 1 }, 'cron 0 * * * *'],
    [{ scheduledTime: '2026-11-22T10:20:30Z' }, 'alarm'],
    [{ queue: 'penstock-jobs-3', batchSize: 7 }, 'queue penstock-jobs-3 (7)'],
    [{ rpcMethod: 'next' }, 'rpc next'],
    [{ mailFrom: 'a', rcptTo: 'b', rawSize: 1 }, 'other'],
    [null, null],
  ])('name what was invoked: %j', (event, trigger) => {
    const more = { event, outcome: 'exceededMemory', entrypoint: 'JobShardObject', logs: [] };
    const fields = { outcome: 'exceededMemory', trigger, entrypoint: 'JobShardObject' };
    expect(of(invocation(more))).toMatchObject([{ event: 'worker.outcome', fields }]);
    expect(JSON.stringify(of(invocation(more)))).not.toContain('secret');
  });

  test('name the jobs that an invocation had in its hands, and where it threw', () => {
    const logs = ['job_1', 'job_2', 'job_1'].map((job) => ({
      message: [line('attempt.ended', { job_id: job })],
      level: 'log',
      timestamp: 1,
    }));
    const stack = 'TypeError: a secret\n    at one (a.js:1)\n  secret\n    at two (b.js:2)';
    const exceptions = [{ name: 'TypeError', message: 'a secret', stack, timestamp: 1 }];
    const told = of(invocation({ logs, exceptions, outcome: 'exception' })).slice(3);
    expect(told).toMatchObject([
      {
        event: 'worker.exception',
        fields: { jobs: ['job_1', 'job_2'], stack: 'at one (a.js:1)\nat two (b.js:2)' },
      },
      { event: 'worker.outcome', fields: { outcome: 'exception', jobs: ['job_1', 'job_2'] } },
    ]);
    expect(JSON.stringify(told)).not.toContain('secret');
  });

  test('do not take it for a fault that somebody went away', () => {
    for (const outcome of ['canceled', 'responseStreamDisconnected']) {
      expect(of(invocation({ logs: [], outcome }))).toMatchObject([{ level: 'info' }]);
    }
  });

  test('are also that the tail leaves lines out', () => {
    const event = { type: 'overload', message: 'Tail is in sampling mode' };
    expect(of(invocation({ logs: [], event }))).toEqual([
      record('tail.says', { what: 'overload', text: 'Tail is in sampling mode' }, 'warn'),
    ]);
  });

  test('are none in talk and in other objects', () => {
    expect(of(`ready on http://127.0.0.1\n{"a":1}\n${line('x.y', {}, 'loud')}\n`)).toEqual([]);
  });
});

describe('what nobody expects in it', () => {
  const DEEP = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  const hostile = [
    invocation({ eventTimestamp: 1e300, outcome: 'exceededCpu' }),
    invocation({ exceptions: [{ timestamp: 1e20 }, null, 'text'], outcome: null }),
    invocation({ logs: [{}, null, { message: [{ a: 1 }, null], timestamp: -1e300 }] }),
    `{"level":"info","event":"x","at":7,"job_id":{},"step":[],"stack":{},"deep":${DEEP}}`,
    line('x', { __proto__: null, status: { a: 1 }, latency_ms: 'long', cost_nano_usd: '1' }),
  ];

  test.each(hostile)('is shown, and ends nothing: %#', (text) => {
    const records = of(text);
    expect(records).not.toEqual([]);
    for (const each of records) {
      expect(showRecord(each, { color: false, all: true })).not.toContain('undefined');
    }
  });

  test('commands no terminal, wherever it stands', () => {
    const escape = '\u001B]0;owned\u0007\u009B31m\u202Eevil\u2066\u200F\u007F';
    const told = {
      level: 'info',
      event: escape,
      at: `2026-11-22T${escape}`,
      [escape]: { [escape]: escape },
      job_id: escape,
      step: escape,
      stack: `${escape}\n${escape}`,
    };
    const [only] = of(JSON.stringify(told));
    const shown = showRecord(only ?? record('none', {}), { color: false, all: true });
    const commands = /[\p{Cc}\p{Bidi_Control}]/u;
    expect(shown.replaceAll('\n', '')).not.toMatch(commands);
    const asJson = printable(jsonText(told));
    expect(asJson).not.toMatch(commands);
    expect(JSON.parse(asJson)).toEqual(told);
  });
});

describe('a selection', () => {
  const ids = { request_id: 'req_1', trace_id: 't1' };
  const story: readonly LogRecord[] = [
    record('job.accepted', { ...ids, job_id: 'job_1', pipeline: 'digest@3', project: 'prj_a' }),
    record('http.request', { ...ids, project: 'prj_a' }),
    record('http.request', { request_id: 'req_2', trace_id: 't2' }),
    record('wake.taken', { job_id: 'job_1' }),
    record('job.accepted', { ...ids, job_id: 'job_2', parent: 'job_1', pipeline: 'part@1' }),
    record('job.accepted', { ...ids, job_id: 'job_3', pipeline: 'digester@1' }),
    record('attempt.ended', { ...ids, job_id: 'job_1', pipeline: 'digest@3' }, 'warn'),
    record('attempt.ended', { ...ids, job_id: 'job_2', pipeline: 'part@1' }),
    record('webhook.delivered', { job_id: 'job_1' }),
    record('worker.outcome', { outcome: 'exceededCpu', jobs: ['job_7', 'job_2'] }, 'error'),
    record('tail.says', { what: 'overload' }, 'warn'),
  ];
  const cases: readonly (readonly [Wanted, readonly number[]])[] = [
    [{}, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
    [{ job: 'job_1' }, [0, 1, 3, 4, 6, 7, 8, 9, 10]],
    [{ job: 'job_2' }, [4, 7, 9, 10]],
    [{ job: 'job_9' }, [10]],
    [{ pipeline: 'digest' }, [0, 3, 6, 8, 10]],
    [{ pipeline: 'digest@3' }, [0, 3, 6, 8, 10]],
    [{ pipeline: 'digest@2' }, [10]],
    [{ pipeline: 'part' }, [4, 7, 9, 10]],
    [{ level: 'warn' }, [6, 9, 10]],
    [{ job: 'job_1', level: 'warn' }, [6, 9, 10]],
    [{ trace: 't2' }, [2, 10]],
    [{ project: 'prj_a' }, [0, 1, 10]],
  ];
  test.each(cases)('of %j', (wanted, indexes) => {
    const isWanted = makeSelection(wanted);
    expect(story.flatMap((one, index) => (isWanted(one) ? [index] : []))).toEqual(indexes);
  });
});

describe('a line for people', () => {
  const attempt = record('attempt.ended', {
    request_id: 'req_1',
    trace_id: 't1',
    project: 'prj_a',
    pipeline: 'digest@3',
    job_id: 'job_1',
    step: 'ask',
    item: 7,
    attempt: 2,
    provider: 'openai',
    model: 'gpt-5.4-mini',
    outcome: 'succeeded',
    latency_ms: 834,
    cost_nano_usd: 123_400,
    input_tokens: 12,
    code: null,
  });

  test('has the job, the call, what became of it and what it cost', () => {
    expect(showRecord(attempt, { color: false, all: false })).toBe(
      '10:20:30.456 INFO  attempt.ended   digest@3 job_1 ask[7]#2 openai/gpt-5.4-mini succeeded 834 ms $0.0001234 request_id=req_1 input_tokens=12',
    );
    expect(showRecord(attempt, { color: false, all: true })).toContain('trace_id=t1');
    expect(showRecord(attempt, { color: true, all: false })).toContain('\u001B[36mINFO');
  });

  test.each([
    [0, '$0.000000'],
    [7, '$0.000000007'],
    [1_000, '$0.000001'],
    [12_340_000_000, '$12.340000'],
  ])('says what %i nano-dollars are, all of it', (cost, told) => {
    const costs = { ...attempt, fields: { ...attempt.fields, cost_nano_usd: cost } };
    expect(showRecord(costs, { color: false, all: false })).toContain(` ms ${told} `);
  });

  test('says of an unknown cost that it is unknown', () => {
    const unknown = { ...attempt, fields: { ...attempt.fields, cost_nano_usd: null } };
    expect(showRecord(unknown, { color: false, all: false })).toContain('834 ms cost unknown');
  });

  test('shows where something was thrown, and obeys nothing that stands in it', () => {
    const stack = 'at one (a.js:1)\nat two (b.js:2)';
    const shown = showRecord(
      record('http.defect', { error: '\u001B[2Jgone\u0007', stack }, 'error'),
      { color: false, all: false },
    );
    expect(shown.split('\n')).toEqual([
      '10:20:30.456 ERROR http.defect     error=\\u001b[2Jgone\\u0007',
      '      at one (a.js:1)',
      '      at two (b.js:2)',
    ]);
  });
});
