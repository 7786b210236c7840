import { attemptKey } from '../../domain/attempt.ts';
import type { JobId } from '../../domain/ids.ts';
import type { Json } from '../../domain/json.ts';
import { isTerminal, type JobState } from '../../domain/job.ts';
import { decide, type Decision } from '../../engine/decide.ts';
import type { Plan } from '../../engine/plan.ts';
import type { Settlement } from '../../engine/settlement.ts';
import type {
  NextAnswer,
  NextRequest,
  PayloadOnTheWay,
  RenewAnswer,
  RenewRequest,
  SettlementReport,
} from '../../services/ports/job-shard.ts';
import { hintAnswered } from './book.ts';
import { boundFailure } from './bounds.ts';
import { choresOf } from './chores.ts';
import { commit } from './commit.ts';
import type { ShardContext } from './context.ts';
import { mayWork } from './flow.ts';
import { noteSeen, stillUnheard } from './leases.ts';
import { makeWorld, type Arrivals } from './make-world.ts';
import { openBox, payloadKeys, putControl, putPayload, type Box } from './payload-box.ts';
import { guarded } from './quarantine.ts';
import { snapshot } from './read.ts';
import { saveItem } from './tables/items.ts';
import { loadJob, saveBook, type JobRow } from './tables/jobs.ts';
import { jobContext, workItem } from './work-items.ts';

/** An item's output of this many bytes at most lies in the item's row. */
const ITEM_OUTPUT_BYTES_MAX = 16_384;

const GONE: NextAnswer = {
  job: 'gone',
  settled: [],
  work: [],
  starved: false,
  cancel: [],
  context: null,
  definition: null,
};

/**
 * One hop of a runner's turn: records what it settled and hands out what became ready, in one commit.
 * Repeating a call with the same `requestId` changes nothing and gives the same work.
 */
export function next(context: ShardContext, request: NextRequest): NextAnswer {
  const row = loadJob(context.ports.sql, request.jobId);
  if (row === null) return GONE;
  return guarded(context, row, GONE, (plan) => takeTurn(context, row, plan, request));
}

function takeTurn(
  context: ShardContext,
  row: JobRow,
  plan: Plan,
  request: NextRequest,
): NextAnswer {
  const repeated = reclaim(context, row, request.requestId);
  const arrivals = arrivalsOf(request.settled.filter((report) => isOpen(row.state, report)));
  const decision = decide(
    row.state,
    plan,
    {
      kind: 'turn',
      settled: request.settled.map(settlementOf),
      claim:
        repeated.length > 0 || !mayWork(row.state, row.book.flow)
          ? null
          : { capacity: request.capacity, untilMs: request.untilMs },
    },
    makeWorld(context, { jobId: request.jobId, inline: row.inline }, plan, arrivals),
  );
  const box = openBox(row.inline, row.book);
  const used = request.settled.filter((_, index) => decision.settled[index] === 'used');
  const after = context.ports.sql.transaction(() => {
    for (const report of used) storePayloads(context, row.state.birth.id, report, box);
    storeItems(context, row.state.birth.id, decision.items, arrivals.payloads);

    return commit(context, {
      row,
      plan,
      decision,
      box,
      requestId: request.requestId,
      // A hint about chores stays open until they are done: the runner may die over them.
      wakes:
        request.hinted && choresOf(row) === null ? hintAnswered(row.book.wakes) : row.book.wakes,
      attended: true,
      returning: request.returning,
      // Used or not, an object that was made has to be deleted one day.
      objects: request.settled.some(usesObject),
    });
  });
  context.ports.measure({ before: row.state, state: after.state, events: decision.events });
  const keys = repeated.length > 0 ? repeated : decision.claimed.keys;
  const { starved } = decision.claimed;
  return answer(context, after, plan, { keys, starved, settled: decision.settled, request });
}

/** Attempts that an earlier call with this id has claimed and that are still open. Their runner lives. */
export function reclaim(
  context: ShardContext,
  { book, state }: JobRow,
  requestId: string,
): readonly string[] {
  const keys = Object.entries(book.claims).flatMap(([key, claimedBy]) =>
    claimedBy === requestId && isOpenHere(state, key) ? [key] : [],
  );
  for (const key of keys) noteSeen(context, state.birth.id, key);
  return keys;
}

/** Handed to a runner, and not passed on to a child job since. */
function isOpenHere({ active }: JobState, key: string): boolean {
  const attempt = active[key];
  return attempt !== undefined && attempt.child === undefined;
}

type AnswerInput = {
  readonly keys: readonly string[];
  readonly starved: boolean;
  readonly settled: Decision['settled'];
  readonly request: { readonly knownDefinition: string | null; readonly wantsEnd?: boolean };
};

export function answer(
  context: ShardContext,
  row: JobRow,
  plan: Plan,
  { keys, starved, settled, request }: AnswerInput,
): NextAnswer {
  const { state, inline, book } = row;
  const source = { sql: context.ports.sql, state, inline };
  const over = isTerminal(state.status);
  return {
    job: over ? 'over' : 'open',
    settled,
    work: keys.flatMap((key) => {
      const active = over ? undefined : state.active[key];
      return active === undefined ? [] : [workItem(source, plan, active)];
    }),
    starved,
    cancel: Object.keys(state.active).filter((key) => isUnwanted(state, key)),
    chores: choresOf({ state, book }),
    context: jobContext(state),
    definition: request.knownDefinition === state.birth.definitionHash ? null : plan.definition,
    ...(over && request.wantsEnd === true ? { end: snapshot(context, row, plan, []) } : {}),
  };
}

function isOpen(state: JobState, { step, item, attempt }: SettlementReport): boolean {
  return !isTerminal(state.status) && state.active[attemptKey(step, item, attempt)] !== undefined;
}

/** What the engine sees of a report: no payload, nothing that a provider wrote, and no more than fits a row. */
function settlementOf({ step, item, attempt, facts, outcome }: SettlementReport): Settlement {
  if (outcome.ok === 'pending') return { step, item, attempt, facts, outcome };
  if (outcome.ok) {
    return { step, item, attempt, facts, outcome: { ok: true, output: outcome.output.stored } };
  }
  const { detail: _detail, ...failure } = outcome.failure;
  return { step, item, attempt, facts, outcome: { ok: false, failure: boundFailure(failure) } };
}

function arrivalsOf(reports: readonly SettlementReport[]): Arrivals {
  const control: Record<string, Json> = {};
  const payloads = new Map<string, PayloadOnTheWay>();
  for (const { step, item, outcome } of reports) {
    const key = outputKey(step, item);
    // The first report of an attempt is the one that counts.
    if (outcome.ok !== true || payloads.has(key)) continue;
    Object.assign(control, outcome.control);
    payloads.set(key, outcome.output);
  }
  return { control, payloads };
}

function outputKey(step: string, item: number | null): string {
  return item === null ? payloadKeys.output(step) : payloadKeys.itemOutput(step, item);
}

function usesObject({ outcome }: SettlementReport): boolean {
  return outcome.ok === true && outcome.output.stored.at === 'r2';
}

function storePayloads(
  { ports }: ShardContext,
  jobId: JobId,
  { step, item, attempt, outcome }: SettlementReport,
  box: Box,
): void {
  if (outcome.ok === 'pending') return;
  if (!outcome.ok) {
    const { detail } = outcome.failure;
    const key = attemptKey(step, item, attempt);
    if (detail !== undefined) putPayload(ports.sql, jobId, box, payloadKeys.detail(key), detail);
    if (outcome.rejected !== undefined) {
      putPayload(ports.sql, jobId, box, payloadKeys.rejected(step, item), outcome.rejected);
    }
    return;
  }
  putControl(box, outcome.control);
  const { value } = outcome.output;
  if (value !== undefined && !liesInItemRow(item, outcome.output)) {
    putPayload(ports.sql, jobId, box, outputKey(step, item), value);
  }
}

function liesInItemRow(item: number | null, { stored, value }: PayloadOnTheWay): boolean {
  return item !== null && value !== undefined && stored.bytes <= ITEM_OUTPUT_BYTES_MAX;
}

/** Writes the items that a decision touched, with the outputs that arrived for them. */
export function storeItems(
  { ports }: ShardContext,
  jobId: JobId,
  items: Decision['items'],
  payloads: Arrivals['payloads'],
): void {
  for (const { step, item, state } of items) {
    const arrived = payloads.get(payloadKeys.itemOutput(step, item));
    const here = arrived !== undefined && liesInItemRow(item, arrived);
    saveItem(ports.sql, { jobId, step, item }, state, here ? JSON.stringify(arrived.value) : null);
  }
}

/** True for an attempt whose result nobody waits for any more. */
function isUnwanted({ status, active, steps }: JobState, key: string): boolean {
  const attempt = active[key];
  if (attempt === undefined || isTerminal(status) || status === 'cancelling') return true;
  return steps[attempt.step]?.phase.status === 'failed';
}

/** Keeps attempts alive and tells which of them must stop. Writes only when one of them was missed. */
export function renew(context: ShardContext, { jobId, keys }: RenewRequest): RenewAnswer {
  const row = loadJob(context.ports.sql, jobId);
  if (row === null || isTerminal(row.state.status)) return { cancel: keys };
  const held = keys.filter((key) => row.state.active[key] !== undefined);
  for (const key of held) noteSeen(context, jobId, key);
  if (held.some((key) => row.book.unheard?.[key] !== undefined)) {
    saveBook(context.ports.sql, row, { ...row.book, unheard: stillUnheard(context, row) });
  }
  return { cancel: keys.filter((key) => isUnwanted(row.state, key)) };
}
