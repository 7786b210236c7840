import { attemptKey, type AttemptFacts } from '../../../src/domain/job/attempt.ts';
import type { JobEvent } from '../../../src/domain/job/event.ts';
import { isTerminal, type JobState } from '../../../src/domain/job/job.ts';
import type { JobId } from '../../../src/domain/ids.ts';
import { toWire } from '../../../src/domain/wire.ts';
import { foldEvent, unbornState } from '../../../src/engine/fold/fold.ts';
import type { Book } from '../../../src/runtime/job-shard/book.ts';
import { JOB_ENDS } from '../../support/engine-invariants.ts';
import { sha256, throughJson } from '../../support/shard-driver.ts';
import { demand } from './demand.ts';
import { POISONED } from './pipelines.ts';
import { WORKS_FROM } from './slow-provider.ts';
import type { World } from './world.ts';

/** A job as its shard has stored it. */
export type Stored = {
  readonly jobId: JobId;
  readonly state: JobState;
  readonly book: Book;
  readonly events: readonly JobEvent[];
};

export type Standing = Omit<Stored, 'events'>;

/** The jobs without their events. */
export function standingJobs(world: World): Standing[] {
  return world.shards.flatMap(({ db }) =>
    db.rows('SELECT job_id, state, book FROM jobs ORDER BY job_id').map((row) => ({
      jobId: String(row['job_id']) as JobId,
      state: JSON.parse(String(row['state'])) as JobState,
      book: JSON.parse(String(row['book'])) as Book,
    })),
  );
}

export function storedJobs(world: World): Stored[] {
  return world.shards.flatMap(({ db }) =>
    db.rows('SELECT job_id, state, book, tail FROM jobs ORDER BY job_id').map((row) => {
      const jobId = String(row['job_id']) as JobId;
      const older = db.rows('SELECT body FROM events WHERE job_id = ? ORDER BY first_seq', jobId);
      const lines = [...older.map(({ body }) => String(body)), String(row['tail'])].join('');
      return {
        jobId,
        state: JSON.parse(String(row['state'])) as JobState,
        book: JSON.parse(String(row['book'])) as Book,
        events: lines
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as JobEvent),
      };
    }),
  );
}

function same(left: unknown, right: unknown, what: string): void {
  const [one, other] = [JSON.stringify(sorted(left)), JSON.stringify(sorted(right))];
  demand(one === other, `${what}:\n  ${one}\n  ${other}`);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(
    entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, part]) => [key, sorted(part)]),
  );
}

/** What holds for every job at every moment. */
export function checkJob({ jobId, state, events }: Stored): void {
  const seqs = events.map(({ seq }) => seq);
  demand(
    seqs.every((seq, index) => seq === index + 1) && seqs.length === state.seq,
    `${jobId}: its events are numbered ${seqs.join(',')}, its state is at ${state.seq}`,
  );
  const quarantined = state.reason?.code === 'internal';
  if (!quarantined) {
    const unborn = unbornState(state.birth, Object.keys(state.steps));
    same(throughJson(events.reduce(foldEvent, unborn)), state, `${jobId}: events and state differ`);
  }
  const ends = events.filter(({ type }) => JOB_ENDS.has(type));
  demand(ends.length <= 1, `${jobId}: it ended ${ends.length} times`);
  const end = ends[0]?.seq ?? Number.POSITIVE_INFINITY;
  for (const { seq, type } of events) {
    demand(seq <= end || type === 'cost.adjusted', `${jobId}: ${type} after the end`);
  }
  const cancelling = events.find(
    ({ type }) => type === 'job.cancelling' || type === 'job.cancelled',
  );
  for (const { seq, type } of events) {
    const starts = type === 'attempt.started' && cancelling !== undefined && seq > cancelling.seq;
    demand(!starts, `${jobId}: an attempt started after the cancel`);
  }
  checkAttempts(jobId, events);
}

const ENDS = new Set([
  'attempt.succeeded',
  'attempt.failed',
  'attempt.lost',
  'attempt.superseded',
  'attempt.declined',
]);

function keyOf({ step, item, attempt }: JobEvent): string {
  return attemptKey(step ?? '', item ?? null, attempt ?? 0);
}

function checkAttempts(jobId: JobId, events: readonly JobEvent[]): void {
  const started = new Set<string>();
  const ended = new Set<string>();
  const results = new Set<string>();
  for (const event of events) {
    const key = keyOf(event);
    if (event.type === 'attempt.started') {
      demand(!started.has(key), `${jobId}: ${key} started twice`);
      started.add(key);
    }
    if (!ENDS.has(event.type)) continue;
    const late = event.type === 'attempt.succeeded' && event.data.late === true;
    demand(
      started.has(key) && ended.has(key) === late,
      `${jobId}: ${key} ended twice, or unstarted`,
    );
    ended.add(key);
    if (event.type !== 'attempt.succeeded') continue;
    const place = `${event.step}/${event.item ?? ''}`;
    demand(!results.has(place), `${jobId}: ${place} has two results`);
    results.add(place);
  }
}

/** Compares what the provider has written down with what the jobs say of their calls. */
export function checkProvider(world: World, jobs: readonly Stored[]): void {
  const paid = new Map(world.provider.calls.map((call) => [call.key, call]));
  demand(paid.size === world.provider.calls.length, 'an attempt called its provider twice');
  const used = new Set<number>();
  for (const { jobId, state, events } of jobs) {
    let charged = 0;
    const known = new Set<string>();
    const models = new Set<string>();
    for (const event of events) {
      if (event.type === 'attempt.started' && event.data.target !== null) models.add(keyOf(event));
      const facts = factsOf(event);
      if (facts === null) continue;
      const key = keyOf(event);
      demand(!known.has(key) || replacesUnknown(event), `${jobId}: ${key} was charged twice`);
      known.add(key);
      charged += facts.costNanoUsd ?? 0;
      const call = paid.get(`${jobId}:${key}`);
      // What the slow provider did is compared with its own books.
      if (isWork(facts)) continue;
      if (facts.usage !== undefined) {
        same(facts.usage.inputTokens, call?.inputTokens, `${jobId}: the usage of ${key}`);
      }
      if (event.type !== 'attempt.succeeded' || !models.has(key)) continue;
      demand(call !== undefined, `${jobId}: ${key} has a result that nobody gave`);
      demand(!used.has(call.number), `answer ${call.number} was used twice`);
      used.add(call.number);
      const { sha256: stored } = event.data.output;
      const answers = answersOf(call.text ?? '', call.inputTokens ?? 0);
      demand(answers.includes(stored), `${jobId}: the result of ${key} is not what was answered`);
    }
    same(state.cost.nanoUsd, charged, `${jobId}: its cost`);
  }
}

function factsOf(event: JobEvent) {
  if (event.type === 'attempt.succeeded' || event.type === 'attempt.failed')
    return event.data.facts;
  return event.type === 'cost.adjusted' ? event.data.facts : null;
}

function isWork({ usage }: AttemptFacts): boolean {
  return (usage?.inputTokens ?? 0) > WORKS_FROM;
}

function replacesUnknown(event: JobEvent): boolean {
  return event.type === 'cost.adjusted' && event.data.replacesUnknown;
}

/** The hashes of the outputs that a step makes of an answer. */
function answersOf(text: string, inputTokens: number): string[] {
  const usage = { input_tokens: inputTokens, output_tokens: 10 };
  const base = { text, finish_reason: 'stop', model: 'gpt-4.1-mini', usage };
  const plain = sha256(JSON.stringify(base));
  if (!text.startsWith('{')) return [plain];
  return [plain, sha256(JSON.stringify({ ...base, json: JSON.parse(text) }))];
}

/** Nothing that was answered is lost, and a key has one job. */
export function checkAccepted(world: World, jobs: readonly Stored[]): void {
  const ids = new Set(jobs.map(({ jobId }) => jobId));
  const byKey = new Map<string, JobId>();
  for (const { jobId, key } of world.accepted) {
    demand(ids.has(jobId), `${jobId} was accepted and is lost`);
    if (key === null) continue;
    const known = byKey.get(key) ?? jobId;
    demand(known === jobId, `${key} has made ${known} and ${jobId}`);
    byKey.set(key, jobId);
  }
  const children = new Map<string, JobId>();
  for (const { jobId, state, book } of jobs) {
    const { parent } = state.birth;
    if (parent === undefined || book.keyHash === null) continue;
    const twin = children.get(book.keyHash);
    demand(twin === undefined, `${twin} and ${jobId} were made for one attempt`);
    children.set(book.keyHash, jobId);
  }
}

/** D1 has what the shards have. */
export function checkHistory(world: World, jobs: readonly Stored[]): void {
  demand(world.d1.all('SELECT 1 FROM dead_letters').length === 0, 'history was set aside');
  for (const { jobId, state, events } of jobs) {
    const [row] = world.d1.all('SELECT * FROM jobs WHERE id = ?', [jobId]);
    demand(row !== undefined, `${jobId} is not in D1`);
    same(
      {
        status: row['status'],
        seq: row['seq'],
        reason: row['reason_code'],
        cost: row['cost_nano_usd'],
        unpriced: row['unpriced_attempts'],
        started: row['started_at'],
        finished: row['finished_at'],
        waiting: row['waiting_kind'],
      },
      {
        status: state.status,
        seq: state.seq,
        reason: state.reason?.code ?? null,
        cost: state.cost.nanoUsd,
        unpriced: state.cost.unpricedAttempts,
        started: state.startedAtMs,
        finished: state.finishedAtMs,
        waiting: null,
      },
      `${jobId}: its row in D1`,
    );
    checkEvents(world, jobId, events);
    checkCalls(world, jobId, events);
  }
}

function checkEvents(world: World, jobId: JobId, events: readonly JobEvent[]): void {
  const rows = world.d1.all('SELECT body FROM events WHERE job_id = ?', [jobId]);
  const told = new Map<number, unknown>();
  for (const { body } of rows) {
    for (const event of JSON.parse(String(body)) as { readonly seq: number }[]) {
      told.set(event.seq, event);
    }
  }
  const inD1 = [...told].toSorted(([one], [other]) => one - other).map(([, event]) => event);
  same(inD1, throughJson(events.map(toWire)), `${jobId}: its events in D1`);
}

function checkCalls(world: World, jobId: JobId, events: readonly JobEvent[]): void {
  const calls = new Map<string, { outcome?: string; cost: number | null }>();
  const models = new Set<string>();
  for (const event of events) {
    const key = keyOf(event);
    if (event.type === 'attempt.started' && event.data.target !== null) models.add(key);
    if (!models.has(key)) continue;
    const known = calls.get(key);
    // An attempt that was declined has called nobody.
    if (ENDS.has(event.type) && event.type !== 'attempt.declined') {
      const cost = factsOf(event)?.costNanoUsd ?? null;
      calls.set(key, { outcome: event.type.replace('attempt.', ''), cost });
    } else if (event.type === 'cost.adjusted') {
      calls.set(key, { outcome: known?.outcome ?? 'lost', cost: event.data.facts.costNanoUsd });
    }
  }
  const rows = world.d1.all('SELECT * FROM calls WHERE job_id = ?', [jobId]);
  const inD1 = rows.map((row) => [
    row['attempt_key'],
    { outcome: row['outcome'], cost: row['cost_nano_usd'] },
  ]);
  same(Object.fromEntries(inD1), Object.fromEntries(calls), `${jobId}: its calls in D1`);
}

/** A defect in an attempt: only what failed again and again for as long as it was tried may lead to one. */
function checkExcused(world: World, jobId: JobId): void {
  demand(isExcused(world), `${jobId} failed by a defect`);
}

/** True in a world where something may have failed as often in a row as it is tried. */
export function isExcused({ faults }: World): boolean {
  const places = ['objects.put', 'objects.get', 'shard.submit', 'shard.commit'];
  return places.some((place) => (faults.struck.get(place) ?? 0) >= 6);
}

/** Once all is over: nothing is open, held or outstanding, and nothing ended that nobody wanted to end. */
export function checkOver(world: World, jobs: readonly Stored[]): void {
  for (const { jobId, state, book, events } of jobs) {
    demand(isTerminal(state.status), `${jobId} is ${state.status}`);
    const poisoned = POISONED.has(state.birth.pipeline);
    const late = state.status === 'expired' || state.status === 'timed_out';
    demand(poisoned || !late, `${jobId} was forgotten: it ${state.status}`);
    const end = events.find((event) => event.type === 'job.failed');
    const quarantined =
      end !== undefined && end.data.step === undefined && state.reason?.code === 'internal';
    demand(poisoned || !quarantined, `${jobId} was harmed by another`);
    if (!poisoned && state.reason?.code === 'internal') checkExcused(world, jobId);
    demand(book.flow === undefined, `${jobId} has a slot: ${JSON.stringify(book.flow)}`);
    demand(
      poisoned || book.wakes.outstanding === 0,
      `${jobId} waits for a runner though it is over`,
    );
    demand(book.unheard === undefined, `${jobId} misses runners though it is over`);
    const strays = Object.keys(book.claims).filter((key) => state.active[key] === undefined);
    demand(poisoned || strays.length === 0, `${jobId} has claims on what is over`);
  }
  demand(world.flow.flow.running.size === 0, 'a slot is held by nobody');
  demand(world.flow.flow.waiting.size === 0, 'somebody stands in line for nothing');
}
