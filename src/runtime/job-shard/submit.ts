import type { ClaimInput } from '../../engine/attempts/claim.ts';
import { createJob } from '../../engine/decide.ts';
import { keepsFiles } from '../../domain/definition/step-kinds.ts';
import type { Plan } from '../../engine/plan/plan.ts';
import type { SubmitAnswer, SubmitRequest } from '../../services/ports/job-shard/submit.ts';
import { NO_WAKES, type Book } from './book.ts';
import { commitNew } from './commit.ts';
import type { ShardContext } from './context.ts';
import { makeWorld, NO_ARRIVALS } from './work/make-world.ts';
import { openBox, payloadKeys, putControl, putPayload } from './payload-box.ts';
import { keepPlan, planOf } from './plans.ts';
import { read, snapshot } from './reading/read.ts';
import { deleteKey, findKey, saveKey } from './tables/keys.ts';
import { loadJob, type JobRow } from './tables/jobs.ts';
import { answer, reclaim } from './work/turn.ts';

/** Above this share of an object's 10 GB a shard takes no new jobs; what runs can still end. */
const STORAGE_BYTES_MAX = 0.7 * 10 * 1024 ** 3;
const FULL_RETRY_MS = 60_000;

/**
 * Creates a job once. The idempotency key is written in the same commit, so whoever comes second under a key
 * finds the first one's job; so does a repetition of this very call.
 */
export function submit(context: ShardContext, request: SubmitRequest): SubmitAnswer {
  const existing = existingJob(context, request);
  if (existing !== null) return existing;
  if (context.ports.sql.sizeBytes() > STORAGE_BYTES_MAX) {
    context.ports.log('error', 'shard.full', { bytes: context.ports.sql.sizeBytes() });
    return { kind: 'full', retryAfterMs: FULL_RETRY_MS };
  }
  return create(context, request);
}

function existingJob(context: ShardContext, request: SubmitRequest): SubmitAnswer | null {
  const { birth, idempotency } = request;
  const { sql } = context.ports;
  const keyed = idempotency === null ? null : findKey(sql, idempotency.keyHash);
  if (keyed === null || idempotency === null || keyed.jobId === birth.id) {
    return sameCall(context, request);
  }
  if (keyed.bodyHash !== idempotency.bodyHash) return { kind: 'key_conflict', jobId: keyed.jobId };
  const first = read(context, { jobId: keyed.jobId, include: [] });
  if (first !== null) return { kind: 'replayed', snapshot: first };
  deleteKey(sql, idempotency.keyHash);
  return null;
}

/** This very call came before, and its answer was lost: it gets the same again, work included. */
function sameCall(context: ShardContext, { birth, turn }: SubmitRequest): SubmitAnswer | null {
  const row = loadJob(context.ports.sql, birth.id);
  if (row === null) return null;
  const plan = planOf(context, birth.definitionHash);
  if (plan === undefined) throw new Error(`the definition of ${birth.id} is not in its shard`);
  const keys = turn === null ? [] : reclaim(context, row, turn.requestId);
  return created(context, row, plan, turn === null ? null : keys);
}

function created(
  context: ShardContext,
  row: JobRow,
  plan: Plan,
  keys: readonly string[] | null,
): SubmitAnswer {
  const request = { knownDefinition: row.state.birth.definitionHash };
  const work = keys && { keys, starved: false, settled: [], request };
  return {
    kind: 'created',
    snapshot: snapshot(context, row, plan, []),
    turn: work && answer(context, row, plan, work),
  };
}

function create(context: ShardContext, request: SubmitRequest): SubmitAnswer {
  const { birth, turn } = request;
  const plan = keepPlan(context, birth.definitionHash, request.definition, birth.deadlineAtMs);
  const { row, decision } = context.ports.sql.transaction(() => writeJob(context, request, plan));
  context.ports.measure({ before: null, state: row.state, events: decision.events });
  return created(context, row, plan, turn === null ? null : decision.claimed.keys);
}

function writeJob(context: ShardContext, request: SubmitRequest, plan: Plan) {
  const { sql } = context.ports;
  const { birth, turn, idempotency, input, reused = [] } = request;
  const box = openBox({ values: {}, control: {} }, { inlineLength: 0 });
  if (input.value !== undefined) putPayload(sql, birth.id, box, payloadKeys.input, input.value);
  putControl(box, request.control);
  for (const { step, output, control } of reused) {
    putControl(box, control);
    if (output?.value !== undefined)
      putPayload(sql, birth.id, box, payloadKeys.output(step), output.value);
  }
  const world = makeWorld(context, { jobId: birth.id, inline: box.inline }, plan, NO_ARRIVALS);
  const claim = firstClaim(request);
  const taken = reused.map(({ step, output }) => ({ step, output: output?.stored ?? null }));
  const decision = createJob(birth, plan, world, claim, taken);
  if (idempotency !== null) {
    saveKey(sql, idempotency.keyHash, { jobId: birth.id, bodyHash: idempotency.bodyHash });
  }
  const row = commitNew(context, {
    plan,
    decision,
    box,
    requestId: turn?.requestId ?? null,
    wakes: NO_WAKES,
    book: firstBook(request, plan),
  });
  return { row, decision };
}

/** A job under a limit has to ask for its slot first, so its submitter cannot run it at once. */
function firstClaim({ turn, birth }: SubmitRequest): ClaimInput | null {
  if (turn === null || birth.flow !== undefined) return null;
  return { capacity: turn.capacity, untilMs: turn.untilMs };
}

function firstBook(
  { input, idempotency, reused = [] }: SubmitRequest,
  { retention, steps }: Plan,
): Book {
  const payloads = [input, ...reused.map(({ output }) => output)];
  return {
    confirmedSeq: 0,
    wakes: NO_WAKES,
    claims: {},
    tailFromSeq: 1,
    tailLength: 0,
    inlineLength: 0,
    keyHash: idempotency?.keyHash ?? null,
    // A file is kept before its attempt is reported: that there may be one has to be known before.
    objects:
      payloads.some((payload) => payload?.stored.at === 'r2') ||
      steps.some(({ definition }) => keepsFiles(definition.uses)),
    erased: false,
    payloadsMs: retention.payloadsMs,
    historyMs: retention.historyMs,
  };
}
