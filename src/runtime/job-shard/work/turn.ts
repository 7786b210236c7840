import { attemptKey, type ActiveAttempt } from '../../../domain/job/attempt.ts';
import { isTerminal, type JobState } from '../../../domain/job/job.ts';
import { decide, type Decision } from '../../../engine/decide.ts';
import type { Plan } from '../../../engine/plan/plan.ts';
import type {
  Chores,
  NextAnswer,
  NextRequest,
  RenewAnswer,
  RenewRequest,
} from '../../../services/ports/job-shard/turn.ts';
import type { WorkItem } from '../../../services/ports/job-shard/work-item.ts';
import { hintAnswered } from '../book.ts';
import { choresOf } from './chores.ts';
import { commit } from '../commit.ts';
import { measureCommit } from '../measure-commit.ts';
import type { ShardContext } from '../context.ts';
import { mayWork } from '../flow.ts';
import { noteSeen, stillUnheard } from './leases.ts';
import { makeWorld } from './make-world.ts';
import { openBox } from '../payload-box.ts';
import { guarded } from '../quarantine.ts';
import { snapshot } from '../reading/read.ts';
import {
  arrivalsOf,
  keepStrays,
  mayCount,
  readCallbacks,
  settlementOf,
  storeItems,
  storePayloads,
  usesObject,
} from './reports.ts';
import { loadJob, saveBook, type JobRow } from '../tables/jobs.ts';
import { askedNow } from './tickets.ts';
import { jobContext, workItem } from './work-items.ts';

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
  const arrivals = arrivalsOf(request.settled.filter((report) => mayCount(context, row, report)));
  const decision = decide(
    row.state,
    plan,
    {
      kind: 'turn',
      settled: request.settled.map((report) => settlementOf(report, row.book)),
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
    const strays = keepStrays(context, row, request.settled, decision, box);
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
      strays,
      read: request.settled.flatMap(readCallbacks),
    });
  });
  measureCommit(context, row, after, decision);
  const keys = repeated.length > 0 ? repeated : decision.claimed.keys;
  const { starved } = decision.claimed;
  const stop = askedNow(row.book, after.book);
  const superseded = supersededBy(decision);
  const { settled } = decision;
  return answer(context, after, plan, { keys, starved, settled, request, stop, superseded });
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
  /** Attempts whose providers this runner is asked to stop. */
  readonly stop?: readonly ActiveAttempt[];
  /** Attempts that this call has made needless, by attempt key. */
  readonly superseded?: readonly string[];
};

function supersededBy({ events }: Decision): string[] {
  return events.flatMap(({ type, step = '', item = null, attempt = 0 }) =>
    type === 'attempt.superseded' ? [attemptKey(step, item, attempt)] : [],
  );
}

export function answer(
  context: ShardContext,
  row: JobRow,
  plan: Plan,
  { keys, starved, settled, request, stop = [], superseded = [] }: AnswerInput,
): NextAnswer {
  const { state, inline, book } = row;
  const source = { sql: context.ports.sql, state, inline };
  const over = isTerminal(state.status);
  const nowMs = context.ports.nowMs();
  return {
    job: over ? 'over' : 'open',
    settled,
    work: keys.flatMap((key) => {
      const active = over ? undefined : state.active[key];
      if (active === undefined) return [];
      return [{ ...workItem(source, plan, active, book), ...hedgePart(active, nowMs) }];
    }),
    starved,
    cancel: [...Object.keys(state.active).filter((key) => isUnwanted(state, key)), ...superseded],
    ...(superseded.length === 0 ? {} : { superseded }),
    chores: withTickets(
      choresOf({ state, book }),
      stop.map((active) => workItem(source, plan, active, book)),
    ),
    context: jobContext(state),
    definition: request.knownDefinition === state.birth.definitionHash ? null : plan.definition,
    ...(over && request.wantsEnd === true ? { end: snapshot(context, row, plan, []) } : {}),
  };
}

/** A length of time: the clocks of runners need not agree with that of their shard. */
function hedgePart({ hedgeAtMs }: ActiveAttempt, nowMs: number): Pick<WorkItem, 'hedgeInMs'> {
  return hedgeAtMs === undefined ? {} : { hedgeInMs: Math.max(0, hedgeAtMs - nowMs) };
}

function withTickets(chores: Chores | null, cancelTickets: readonly WorkItem[]): Chores | null {
  if (cancelTickets.length === 0) return chores;
  return { tellParent: null, cancelChildren: [], ...chores, cancelTickets };
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
