import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';

import { jobIdOf, projectId, type JobId } from '../../src/domain/ids.ts';
import type { HistoryMessage } from '../../src/runtime/messages.ts';
import { writeHistory } from '../../src/runtime/d1/history/write-history.ts';
import { deliver, fireHourly } from './support/bindings.ts';

const project = projectId('prj_history');
let made = 0;

function newJobId(): JobId {
  made += 1;
  return jobIdOf(`01a20000-0000-7000-8000-${made.toString(16).padStart(12, '0')}`, 3);
}

function entryOf(id: JobId, lastSeq: number, change: Record<string, unknown> = {}) {
  const events = Array.from({ length: lastSeq }, (_, index) => ({ seq: index + 1 }));
  return {
    job: {
      id,
      pipeline: 'p',
      version: 1,
      status: 'running',
      reason_code: null,
      seq: lastSeq,
      created_at: 1,
      started_at: 1,
      finished_at: null,
      expires_at: null,
      cost_nano_usd: 0,
      unpriced_attempts: 0,
      tags: ['a', 'b'],
      metadata: {},
      request_id: 'r',
      trace_id: 't',
      ...change,
    },
    events: { first_seq: 1, last_seq: lastSeq, events },
    calls: [],
  };
}

function callOf(key: string, costNanoUsd: number | null) {
  return {
    attempt_key: key,
    step: 'a',
    item: null,
    attempt: 1,
    provider: 'openai',
    model: 'm',
    outcome: 'succeeded',
    failure_class: null,
    started_at: 1,
    latency_ms: 3,
    cost_nano_usd: costNanoUsd,
    usage: { inputTokens: 7 },
  };
}

function owned(id: JobId, lastSeq: number, change?: Record<string, unknown>) {
  return { project, shard: 3, entry: entryOf(id, lastSeq, change) };
}

async function jobRow(id: JobId) {
  return env.DB.prepare('SELECT * FROM jobs WHERE id = ?').bind(id).first();
}

describe('history in D1', () => {
  test('one row that D1 refuses harms none of its neighbours', async () => {
    const good = Array.from({ length: 7 }, newJobId);
    const bad = newJobId();
    const entries = [...good.map((id) => owned(id, 2)), owned(bad, 2, { cost_nano_usd: null })];
    const result = await writeHistory(env.DB, entries.toReversed());
    expect(result.refused.map(({ owned: { entry } }) => entry.job.id)).toEqual([bad]);
    for (const id of good) expect(await jobRow(id)).not.toBeNull();
    expect(await jobRow(bad)).toBeNull();
  });

  test('a repeated, late or overlapping copy never takes a row back', async () => {
    const id = newJobId();
    await writeHistory(env.DB, [owned(id, 5, { status: 'succeeded' })]);
    await writeHistory(env.DB, [owned(id, 3, { status: 'running' })]);
    await writeHistory(env.DB, [owned(id, 5, { status: 'succeeded' })]);
    expect(await jobRow(id)).toMatchObject({ status: 'succeeded', seq: 5 });
    const { results } = await env.DB.prepare('SELECT last_seq FROM events WHERE job_id = ?')
      .bind(id)
      .all();
    expect(results).toEqual([{ last_seq: 5 }]);
  });

  test('a model call is shown once, as it was told last, though rows of events overlap', async () => {
    const id = newJobId();
    const told = (first: number, last: number, calls: ReturnType<typeof callOf>[]) => {
      const { entry, ...from } = owned(id, last);
      return { ...from, entry: { ...entry, events: { ...entry.events, first_seq: first }, calls } };
    };
    const late = told(6, 9, [callOf('b#1', 5)]);
    await writeHistory(env.DB, [told(3, 8, [callOf('b#1', null)]), told(1, 2, [])]);
    await writeHistory(env.DB, [late, told(1, 8, [callOf('a#1', 2), callOf('b#1', null)]), late]);
    const { results } = await env.DB.prepare(
      'SELECT attempt_key, pipeline, item, usage, cost_nano_usd FROM calls WHERE project = ? AND job_id = ? ORDER BY attempt_key',
    )
      .bind(project, id)
      .all();
    const shown = { pipeline: 'p', item: null, usage: '{"inputTokens":7}' };
    expect(results).toEqual([
      { attempt_key: 'a#1', ...shown, cost_nano_usd: 2 },
      { attempt_key: 'b#1', ...shown, cost_nano_usd: 5 },
    ]);
  });

  test('between two events the newest word of a wait holds, in whichever order it comes', async () => {
    const id = newJobId();
    const short = { waiting_kind: null, waiting_until: null, waiting_version: 1_000 };
    const long = { waiting_kind: 'retry_backoff', waiting_until: 9_000, waiting_version: 6_000 };
    const word = (seq: number, change: Record<string, unknown>) => {
      const { project: own, shard, entry } = owned(id, seq, change);
      return { project: own, shard, entry: { ...entry, events: null } };
    };
    await writeHistory(env.DB, [word(5, long)]);
    await writeHistory(env.DB, [word(5, short), word(5, {})]);
    expect(await jobRow(id)).toMatchObject({ seq: 5, waiting_kind: 'retry_backoff' });
    await writeHistory(env.DB, [word(6, { waiting_kind: null, waiting_until: null })]);
    await writeHistory(env.DB, [word(5, { ...long, waiting_version: 99_000 })]);
    expect(await jobRow(id)).toMatchObject({ seq: 6, waiting_kind: null, waiting_until: null });
  });

  test('a copy that is stale brings no deleted job back; its neighbours are written', async () => {
    const [running, over, fresh, old] = [newJobId(), newJobId(), newJobId(), newJobId()];
    const [past, future] = [Date.now() - 1, Date.now() + 60_000];
    const entries = [
      entryOf(running, 1, { stale_at: past }),
      entryOf(over, 1, { status: 'failed', expires_at: past, stale_at: past }),
      entryOf(fresh, 1, { stale_at: future }),
      entryOf(old, 1, { status: 'failed', expires_at: future }),
    ];
    const body = { kind: 'history', project, shard: 3, entries };
    expect((await deliver('penstock-history', [body])).explicitAcks).toEqual(['m0']);
    for (const id of [running, over]) expect(await jobRow(id)).toBeNull();
    for (const id of [fresh, old]) expect(await jobRow(id)).not.toBeNull();
  });

  test('a row that is refused again and again is set aside, and the message is done', async () => {
    const good = newJobId();
    const bad = newJobId();
    const body: HistoryMessage = {
      kind: 'history',
      project,
      shard: 3,
      entries: [entryOf(good, 1), entryOf(bad, 1, { trace_id: 'x'.repeat(10) })],
    };
    await env.DB.prepare(
      `CREATE TRIGGER refuse_one BEFORE INSERT ON jobs WHEN NEW.id = '${bad}'
       BEGIN SELECT RAISE(ABORT, 'refused'); END`,
    ).run();
    const first = await deliver('penstock-history', [body], 1);
    expect(first.retryMessages).toHaveLength(1);
    const third = await deliver('penstock-history', [body], 3);
    await env.DB.prepare('DROP TRIGGER refuse_one').run();
    expect(third.explicitAcks).toEqual(['m0']);
    expect(await jobRow(good)).not.toBeNull();
    const letter = await env.DB.prepare('SELECT * FROM dead_letters WHERE job_id = ?')
      .bind(bad)
      .first();
    expect(letter).toMatchObject({ queue: 'history', project });
  });
});

describe('what falls out of a queue', () => {
  test('is recorded for the operator, even when it is not one of our messages', async () => {
    const id = newJobId();
    await deliver('penstock-jobs-dead', [{ kind: 'wake', project, job_id: id }, 'nonsense']);
    const { results } = await env.DB.prepare(
      'SELECT queue, job_id, reason FROM dead_letters WHERE queue = ?',
    )
      .bind('penstock-jobs-dead')
      .all();
    expect(results).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ job_id: id, reason: 'retries were used up' }),
        expect.objectContaining({ job_id: null, reason: 'the message is not one of ours' }),
      ]),
    );
  });

  test('an unreadable wake message is retried, not lost in silence', async () => {
    const result = await deliver('penstock-jobs-0', [{ kind: 'wake' }]);
    expect(result.retryMessages).toHaveLength(1);
  });
});

describe('the hourly cron', () => {
  test('deletes what has outlived its retention, a quarter of an hour later, and looks after the alarms', async () => {
    const old = newJobId();
    const young = newJobId();
    const now = 1_000_000;
    await writeHistory(env.DB, [
      owned(old, 1, { expires_at: now - 900_000 }),
      owned(young, 1, { expires_at: now - 899_999 }),
    ]);
    const outcome = await fireHourly(now);
    expect(outcome.outcome).toBe('ok');
    expect(await jobRow(old)).toBeNull();
    expect(await jobRow(young)).not.toBeNull();
    for (const table of ['events', 'job_tags']) {
      const { results } = await env.DB.prepare(`SELECT job_id FROM ${table} WHERE job_id = ?`)
        .bind(old)
        .all();
      expect(results).toEqual([]);
    }
  });
});
