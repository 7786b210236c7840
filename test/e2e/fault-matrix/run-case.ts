import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';

import { isJsonObject, type JsonObject } from '../../../src/domain/json.ts';
import { NOT_RECONCILED } from '../../../src/engine/attempts/retry.ts';
import type { EventView } from '../../../src/services/views/jobs/event-view.ts';
import type { JobView } from '../../../src/services/views/jobs/job-schema.ts';
import type { Tenant } from '../support/api.ts';
import { eventsOf, publish, readJob, submit, typesOf } from '../support/jobs.ts';
import type { Definition } from '../support/pipelines.ts';
import { addRules, newModel, statsOf } from '../support/simulator-client.ts';
import type { Ask, Decision, Expected, FaultCase } from './case.ts';

/** What happened, in the same terms as what has to. */
export type Seen = Required<Expected> & {
  readonly status: JobView['status'];
  readonly failure: JsonObject | null;
  /** The types of its events, for whoever has to find out why. */
  readonly history: readonly string[];
};

/**
 * A job of a case, over its first target alone or with another one behind it. A runner that a busy machine has lost says
 * nothing about the provider: then there is another job.
 */
export async function runCase(room: Room, fault: FaultCase, withNext: boolean): Promise<Seen> {
  const seen = await runOnce(room, fault, withNext);
  return seen.history.includes('attempt.lost') ? runOnce(room, fault, withNext) : seen;
}

async function runOnce(room: Room, fault: FaultCase, withNext: boolean): Promise<Seen> {
  const { api } = room;
  const [first, next] = [modelFor(fault), newModel()];
  await addRules({
    match: { model: first },
    ...(fault.always === true ? {} : { times: 1 }),
    ...fault.fault,
  });
  const soon = { match: { model: first }, reply: { polls: 0 } };
  await addRules(soon, ...(fault.questions === undefined ? [] : [fault.questions]));
  const name = next;
  await publish(api, definitionFor(fault, room, { name, first, next: withNext ? next : null }));
  const { id } = await submit(api, { pipeline: name, input: {} });
  const job = await ended(api, id);
  const events = await eventsOf(api, id);
  const [atFirst, atNext] = [await statsOf(first), await statsOf(next)];
  return {
    decision: decisionOf(events),
    calls: atFirst?.requests ?? 0,
    paid: atFirst?.paid ?? 0,
    next: atNext?.paid ?? 0,
    marked: events.filter(({ data }) => data['possible_duplicate_spend'] === true).length,
    status: job.status,
    failure: failureIn(events),
    history: typesOf(events),
  };
}

/** At Replicate and fal a model has an owner. */
function modelFor({ mode, provider }: FaultCase): string {
  const isOwned = (mode === 'queue' && provider === undefined) || provider === 'fal';
  return isOwned ? `sim/${newModel()}` : newModel();
}

type Named = { readonly name: string; readonly first: string; readonly next: string | null };

/** What all cases share. */
export type Room = {
  readonly api: Tenant;
  /** A sound that was uploaded. */
  readonly audio: string;
};

function asked(ask: Ask, { audio }: Room, name: string): JsonObject {
  switch (ask) {
    case 'chat':
      return {
        uses: 'model.chat',
        with: { messages: [{ role: 'user', content: 'How are you?' }] },
      };
    case 'image':
      return { uses: 'model.image', with: { prompt: `a gate of ${name}` } };
    case 'rerank':
      return { uses: 'model.rerank', with: { query: 'a fox', documents: ['a fox', 'a whale'] } };
    case 'transcribe':
      return { uses: 'model.transcribe', with: { audio } };
  }
}

function definitionFor(fault: FaultCase, room: Room, { name, first, next }: Named): Definition {
  const isQueue = fault.mode === 'queue';
  const isResponses = fault.mode === 'background' && fault.provider === undefined;
  const ask = asked(fault.ask ?? (isQueue ? 'image' : 'chat'), room, name);
  const usualNext = isQueue ? 'openai' : 'groq';
  const targets = [
    {
      provider: fault.provider ?? (isQueue ? 'replicate' : 'openai'),
      model: first,
      ...(isResponses ? { execution: 'background' } : {}),
    },
    ...(next === null ? [] : [{ provider: fault.nextProvider ?? usualNext, model: next }]),
  ];
  return {
    name,
    steps: [
      {
        id: 'ask',
        ...ask,
        route: { targets },
        retry: { base_delay: '1ms', max_attempts: 2 },
        ...fault.step,
      },
    ],
    output: '${{ steps.ask.output }}',
  };
}

const LOOK_EVERY_MS = 400;

/** Asks seldom: many jobs are under way at a time. */
async function ended(api: Tenant, id: string): Promise<JobView> {
  for (;;) {
    const job = await readJob(api, id);
    if (job.terminal) return job;
    await sleep(LOOK_EVERY_MS);
  }
}

/** Read from the history alone. */
function decisionOf(events: readonly EventView[]): Decision {
  const of = (type: string) => events.filter((event) => event.type === type);
  const reconciled = of('attempt.reconciled').map(({ data }) => data['outcome']);
  if (reconciled.includes('adopted')) return 'adopt';
  if (of('fallback.taken').length > 0) return 'fallback';
  if (reconciled.includes('absent')) return 'resubmit';
  if (of('output.re_asked').length > 0) return 're-ask';
  const failures = of('attempt.failed').map(({ data }) => data['failure']);
  // The second attempt only asked, and sent nothing.
  if (JSON.stringify(failures.at(-1) ?? null).includes(NOT_RECONCILED)) return 'stop';
  if (of('attempt.started').length > 1) return 'retry';
  return failures.length === 0 && of('step.failed').length === 0 ? 'ask again' : 'stop';
}

/** Of the first attempt; of the step, or of the first target, where there was none. */
function failureIn(events: readonly EventView[]): JsonObject | null {
  // A target that is only not called for now is asked later.
  const skipped = events.filter(({ type }) => type === 'target.skipped').length;
  const declined = events.filter(({ type }) => type === 'attempt.declined').length;
  if (skipped > declined) {
    return { class: 'not_configured', phase: 'not_sent' };
  }
  const failed =
    events.find(({ type }) => type === 'attempt.failed') ??
    events.find(({ type }) => type === 'step.failed');
  const failure = failed?.data['failure'];
  return failure !== undefined && isJsonObject(failure) ? failure : null;
}

/**
 * A runner that has heard of the target's pause before it calls again goes to the next target, whatever it had decided
 * alone: on a slow machine it may have.
 */
function movedOn(expected: Expected, { history, decision, paid }: Seen): Required<Expected> | null {
  if (decision !== 'fallback' || !history.includes('attempt.declined')) return null;
  if (expected.decision !== 'retry' && expected.decision !== 'resubmit') return null;
  const { calls, marked = 0 } = expected;
  return { decision, calls: calls - 1, paid: Math.min(paid, expected.paid), next: 1, marked };
}

/** Holds what happened against what had to. */
export function expectDecision(fault: FaultCase, expected: Expected, seen: Seen): void {
  const { status, failure, history, ...rest } = seen;
  const about = `${fault.provider ?? fault.mode}, ${fault.name}: ${history.join(' ')}`;
  expect(rest, about).toEqual(movedOn(expected, seen) ?? { next: 0, marked: 0, ...expected });
  const wanted = { class: fault.class, phase: fault.phase };
  if (expected.decision === 'ask again') expect(failure, about).toBeNull();
  else expect(failure, about).toMatchObject(wanted);
  const fails = expected.decision === 'stop' || rest.paid + rest.next === 0;
  expect(status, about).toBe(fails ? 'failed' : 'succeeded');
}
