import { utf8Bytes } from '../../domain/json.ts';
import { isTerminal, type JobState } from '../../domain/job/job.ts';
import type { StoredValue } from '../../domain/job/stored-value.ts';
import type { Plan } from '../../engine/plan/plan.ts';
import { checkValue } from '../../services/values/check-value.ts';
import { controlValues } from '../../services/values/control-values.ts';
import type {
  CancelAnswer,
  EventAnswer,
  EventRequest,
  SteerAnswer,
  SteerRequest,
} from '../../services/ports/job-shard/steer.ts';
import { apply } from './attend.ts';
import type { ShardContext } from './context.ts';
import type { Arrivals } from './work/make-world.ts';
import { payloadKeys } from './payload-box.ts';
import { guarded } from './quarantine.ts';
import { snapshot } from './reading/read.ts';
import { loadJob, type JobRow } from './tables/jobs.ts';

/** What people and other jobs do to a job while it runs. Every call may be repeated. */

/** Stops a job: nothing new starts; what runs is told to stop at its next renewal. */
export function cancel(context: ShardContext, { jobId, by }: SteerRequest): CancelAnswer {
  return steered<CancelAnswer>(context, jobId, ({ row, plan, done }) =>
    isTerminal(row.state.status)
      ? done(row)
      : done(apply(context, row, plan, { kind: 'cancel', by })),
  );
}

/** Lets nothing new start. Pausing twice is pausing once. */
export function pause(context: ShardContext, { jobId, by }: SteerRequest): SteerAnswer {
  return steered<SteerAnswer>(context, jobId, ({ row, plan, done }) => {
    const { status } = row.state;
    if (status === 'paused') return done(row);
    if (isTerminal(status) || status === 'cancelling') return { kind: 'refused', status };
    return done(apply(context, row, plan, { kind: 'pause', by }));
  });
}

/** Goes on with a paused job. */
export function resume(context: ShardContext, { jobId, by }: SteerRequest): SteerAnswer {
  return steered<SteerAnswer>(context, jobId, ({ row, plan, done }) => {
    const { status } = row.state;
    if (status !== 'paused') return { kind: 'refused', status };
    return done(apply(context, row, plan, { kind: 'resume', by }));
  });
}

/** Hands an event to every step that waits for it, after its step's own check. */
export function receiveEvent(context: ShardContext, request: EventRequest): EventAnswer {
  const { jobId, name, by, sha256, payload } = request;
  return steered<EventAnswer>(context, jobId, ({ row, plan, done }) => {
    const waiting = waitingSteps(row.state, name);
    if (waiting.length === 0) {
      return { kind: 'not_waiting', status: row.state.status, names: awaitedNames(row.state) };
    }
    const bytes = utf8Bytes(JSON.stringify(payload));
    const outputs: Record<string, StoredValue> = {};
    const arrivals = { control: {}, payloads: new Map() } satisfies Arrivals;
    for (const id of waiting) {
      const refused = refusalOf(plan, id, payload, arrivals.control);
      if (refused !== null) return { kind: 'unfit', step: id, failure: refused };
      const stored: StoredValue = { at: 'row', key: payloadKeys.output(id), bytes, sha256 };
      outputs[id] = stored;
      arrivals.payloads.set(stored.key, { stored, value: payload });
    }
    return done(apply(context, row, plan, { kind: 'event', by, outputs }, arrivals));
  });
}

function waitingSteps({ status, steps }: JobState, name: string): string[] {
  if (isTerminal(status) || status === 'cancelling') return [];
  return Object.entries(steps).flatMap(([id, { phase }]) =>
    phase.status === 'waiting' && phase.on.kind === 'event' && phase.on.name === name ? [id] : [],
  );
}

function awaitedNames({ status, steps }: JobState): string[] {
  if (isTerminal(status)) return [];
  return Object.values(steps).flatMap(({ phase }) =>
    phase.status === 'waiting' && phase.on.kind === 'event' ? [phase.on.name] : [],
  );
}

/** Why a step does not take this payload; otherwise what expressions read of it is put into `control`. */
function refusalOf(
  plan: Plan,
  id: string,
  payload: EventRequest['payload'],
  control: Record<string, EventRequest['payload']>,
) {
  const step = plan.byId.get(id);
  if (step === undefined) return null;
  const { schema } = step.definition.check ?? {};
  const failure = schema === undefined ? null : checkValue(schema, payload);
  if (failure !== null) return failure;
  const values = controlValues(step.reports, payload, 3);
  if (!values.ok) return values.failure;
  Object.assign(control, values.values);
  return null;
}

type Steered<Answer> = {
  readonly row: JobRow;
  readonly plan: Plan;
  readonly done: (after: JobRow) => Answer | Done;
};
type Done = { readonly kind: 'done'; readonly snapshot: ReturnType<typeof snapshot> };

function steered<Answer>(
  context: ShardContext,
  jobId: SteerRequest['jobId'],
  work: (steered: Steered<Answer>) => Answer | Done | { readonly kind: 'gone' },
): Answer | Done | { readonly kind: 'gone' } {
  const row = loadJob(context.ports.sql, jobId);
  if (row === null) return { kind: 'gone' };
  return guarded<Answer | Done | { readonly kind: 'gone' }>(
    context,
    row,
    { kind: 'gone' },
    (plan) =>
      work({
        row,
        plan,
        done: (after) => ({ kind: 'done', snapshot: snapshot(context, after, plan, []) }),
      }),
  );
}
