import { z } from 'zod';

import { attemptKey } from '../../domain/job/attempt.ts';
import { jobStatuses, isTerminal } from '../../domain/job/job.ts';
import type { Machine } from '../../services/ports/runtime.ts';
import { spanIdOf } from '../../services/traces/span-id.ts';
import type { OwnedEntry } from '../d1/history/write-history.ts';
import type { HistoryCall } from '../messages.ts';
import { callAttributes, isInside, operationOf } from './gen-ai.ts';
import type { TraceNotes } from './notes.ts';
import type { Attributes, Span } from './span.ts';

type Entry = OwnedEntry['entry'];
type Noted = { readonly owned: OwnedEntry; readonly notes: TraceNotes };
type Ids = Pick<Machine, 'sha256'>;

const status = z.enum(jobStatuses);
/** What is read of an event as it is told to D1; the rest of it is nobody's business here. */
const toldEvent = z.object({
  type: z.string(),
  at: z.string(),
  step: z.string().optional(),
  item: z.number().optional(),
  attempt: z.number().optional(),
  data: z.object({
    facts: z
      .object({
        finish_reason: z.string().optional(),
        time_to_first_token_ms: z.number().optional(),
        cache_hit: z.boolean().optional(),
      })
      .optional(),
  }),
});
type ToldEvent = z.infer<typeof toldEvent>;

/**
 * The spans that end with an entry of history: its job's, its steps' and its calls'. They are the same however often
 * the entry comes. None for a job that is not traced.
 */
export async function spansOfEntry(ids: Ids, owned: OwnedEntry): Promise<Span[]> {
  const { trace: notes, events } = owned.entry;
  if (notes === undefined || events === null) return [];
  const told = events.events.flatMap((event) => toldEvent.safeParse(event).data ?? []);
  const noted = { owned, notes };
  const jobSpans = await jobSpan(ids, noted, told);
  const steps = await Promise.all(notes.steps.map((step) => stepSpan(ids, noted, step)));
  const calls = await Promise.all(
    owned.entry.calls.map((call) => callSpan(ids, noted, call, told)),
  );
  return [...jobSpans, ...steps, ...calls.flat()];
}

/** The job's span as a list of one, when its end is among the events. */
async function jobSpan(
  ids: Ids,
  { owned: { project, entry }, notes }: Noted,
  told: readonly ToldEvent[],
): Promise<Span[]> {
  const { job } = entry;
  const ended = told.some(({ type }) => isEnd(type));
  if (!ended || job.finished_at === null) return [];
  const isError = !['succeeded', 'partially_succeeded', 'cancelled'].includes(job.status);
  return [
    {
      ...placeOf(entry),
      spanId: await spanIdOf(ids, job.id, 'job'),
      parentSpanId: await parentOf(ids, notes),
      name: `invoke_workflow ${job.pipeline}`,
      kind: 'internal',
      startMs: job.created_at,
      endMs: job.finished_at,
      isError,
      attributes: {
        ...common(project, entry),
        'gen_ai.operation.name': 'invoke_workflow',
        'gen_ai.workflow.name': job.pipeline,
        'error.type': isError ? (job.reason_code ?? job.status) : null,
        'penstock.job.status': job.status,
        'penstock.job.queue_ms': (job.started_at ?? job.finished_at) - job.created_at,
        'penstock.cost_nano_usd': job.cost_nano_usd,
        'penstock.unpriced_attempts': job.unpriced_attempts,
      },
    },
  ];
}

function isEnd(type: string): boolean {
  const parsed = status.safeParse(type.startsWith('job.') ? type.slice('job.'.length) : '');
  return parsed.success && isTerminal(parsed.data);
}

/** A child hangs below the step that waits for it, any other job below its caller's span. */
async function parentOf(ids: Ids, { parent, parent_span_id: caller }: TraceNotes) {
  if (parent !== undefined) return spanIdOf(ids, parent.job_id, `step:${parent.step}`);
  return caller ?? null;
}

async function stepSpan(
  ids: Ids,
  { owned: { project, entry }, notes }: Noted,
  step: TraceNotes['steps'][number],
): Promise<Span> {
  const isError = step.status === 'failed';
  return {
    ...placeOf(entry),
    spanId: await spanIdOf(ids, entry.job.id, `step:${step.id}`),
    parentSpanId: await spanIdOf(ids, entry.job.id, 'job'),
    name: `step ${step.id}`,
    kind: 'internal',
    startMs: step.started_at,
    endMs: step.finished_at,
    isError,
    attributes: {
      ...common(project, entry),
      'error.type': isError ? (step.failure_class ?? '_OTHER') : null,
      'penstock.step': step.id,
      'penstock.step.uses': notes.uses[step.id],
      'penstock.step.status': step.status,
      'penstock.step.items': step.items,
      'penstock.cost_nano_usd': step.cost_nano_usd,
    },
  };
}

/** A call's span as a list of one; of none for what is not the end of a call, such as a cost that came late. */
async function callSpan(
  ids: Ids,
  { owned: { project, entry }, notes }: Noted,
  call: HistoryCall,
  told: readonly ToldEvent[],
): Promise<Span[]> {
  const ended = told.find((event) => isEndOf(event, call));
  if (ended === undefined) return [];
  const uses = notes.uses[call.step] ?? '';
  const isError = call.outcome === 'failed' || call.outcome === 'lost';
  const endMs = call.latency_ms === null ? Date.parse(ended.at) : call.started_at + call.latency_ms;
  return [
    {
      ...placeOf(entry),
      spanId: await spanIdOf(ids, entry.job.id, attemptKey(call.step, call.item, call.attempt)),
      parentSpanId: await spanIdOf(ids, entry.job.id, `step:${call.step}`),
      name: `${operationOf(uses)} ${call.model}`,
      kind: isInside(call.provider) ? 'internal' : 'client',
      startMs: call.started_at,
      endMs,
      isError,
      attributes: {
        ...common(project, entry),
        ...callAttributes(uses, call, ended.data.facts ?? {}),
        'error.type': isError ? (call.failure_class ?? call.outcome) : null,
        'penstock.step': call.step,
        'penstock.step.uses': notes.uses[call.step],
        'penstock.item': call.item,
        'penstock.attempt': call.attempt,
        'penstock.attempt.outcome': call.outcome,
      },
    },
  ];
}

function isEndOf({ type, step, item, attempt }: ToldEvent, call: HistoryCall): boolean {
  const isSame = step === call.step && (item ?? null) === call.item && attempt === call.attempt;
  return isSame && /^attempt\.(?:succeeded|failed|lost|superseded)$/.test(type);
}

function placeOf({ job }: Entry) {
  return { traceId: job.trace_id };
}

function common(project: string, { job }: Entry): Attributes {
  return {
    'penstock.project': project,
    'penstock.pipeline': job.pipeline,
    'penstock.pipeline.version': job.version,
    'penstock.job.id': job.id,
    'penstock.request.id': job.request_id,
  };
}
