import { isJsonObject, type JsonObject } from '../../domain/json.ts';
import type { ModelCall, Spent } from '../../domain/model/model-call.ts';
import type { Usage } from '../../domain/model/usage.ts';
import { failureSentence, type ProviderFailureClass } from '../http/failure-sentence.ts';
import type { CallOutcome, Ticket, WireReply } from '../port.ts';
import { askedAt, type Account } from '../shared/account.ts';
import { ownWords } from '../shared/failures.ts';
import { objectAt, secondsAsMs, textAt } from '../shared/json-fields.ts';
import { readBad, readNothing, saidSpent, type ReplyReading } from '../shared/reading.ts';
import { ticketOf } from '../shared/tickets.ts';
import { classify, verdictOfPrediction } from './classify.ts';
import { readOutput } from './output.ts';

/** What a prediction that is still under way becomes. */
export type Waiting = {
  /** The ticket that was asked with; absent for the answer to a submit. */
  readonly ticket?: Ticket;
  readonly checkInMs: number;
};

/** A prediction to an outcome: its own status decides. */
export function readPrediction(
  account: Account,
  reply: WireReply,
  call: ModelCall,
  waiting: Waiting,
): CallOutcome {
  if (reply.status >= 300) {
    return { kind: 'failed', failure: classify(account, { kind: 'reply', reply }, call.model) };
  }
  const reading = readingOf(account, reply, call);
  const status = textAt(reading.body, 'status') ?? '';
  const read = Object.hasOwn(ends, status) ? ends[status] : undefined;
  if (read !== undefined) return read(reading);
  const ticket = waiting.ticket ?? ticketOf(textAt(reading.body, 'id'));
  if (!underWay.has(status) || ticket === null) return readNothing(reading);
  return { kind: 'pending', ticket, checkInMs: waiting.checkInMs };
}

/** Has the work ended, well or badly? */
export function isOver(body: JsonObject): boolean {
  return Object.hasOwn(ends, textAt(body, 'status') ?? '');
}

/** Is this about a prediction, and not about the question? */
export function tellsStatus({ status, body }: WireReply): boolean {
  if (status >= 300 || !isJsonObject(body)) return false;
  return isOver(body) || underWay.has(textAt(body, 'status') ?? '');
}

// UNVERIFIED: `queued` is not documented, but its meaning would be plain.
const underWay: ReadonlySet<string> = new Set(['starting', 'processing', 'queued']);

const ends: Readonly<Record<string, (reading: ReplyReading) => CallOutcome>> = {
  succeeded: readSucceeded,
  failed: readFailed,
  canceled: readCanceled,
  aborted: readAborted,
};

function readingOf(account: Account, reply: WireReply, call: ModelCall): ReplyReading {
  const body = isJsonObject(reply.body) ? reply.body : {};
  const asked = askedAt(account, call.model);
  const model = textAt(body, 'model');
  const id = textAt(body, 'id');
  const spent: Spent = {
    usage: usageOf(body),
    rawUsage: body['metrics'] ?? null,
    returnedModel: model === null ? call.model : ownWords(model, asked),
    providerRequestId: id === null ? null : ownWords(id, asked),
  };
  return { asked, reply, body, call, spent };
}

/** Time on the hardware, by which models without a price per output are charged. */
function usageOf(body: JsonObject): Usage {
  const computeMs = secondsAsMs(objectAt(body, 'metrics'), 'predict_time');
  return computeMs === null ? {} : { computeMs };
}

function readSucceeded(reading: ReplyReading): CallOutcome {
  const { output = null, data_removed: removed } = reading.body;
  // Replicate removes inputs and outputs of the API after an hour.
  if (output === null && removed === true) {
    return readBad(reading, 'provider_internal', 'output_removed');
  }
  return readOutput(reading, output);
}

function readFailed(reading: ReplyReading): CallOutcome {
  const { error } = reading.body;
  const words = typeof error === 'string' ? error : JSON.stringify(error ?? 'no reason given');
  const verdict = verdictOfPrediction(words);
  const phase = verdict.class === 'content_blocked_output' ? 'finished' : 'accepted';
  return ended(reading, { ...verdict, phase }, words);
}

/** By someone's wish, or at its deadline after it had started: that time is charged. */
function readCanceled(reading: ReplyReading): CallOutcome {
  const verdict = isPastDeadline(reading.body)
    ? { class: 'timeout' as const, code: 'deadline_at_provider' }
    : { class: 'cancelled' as const, code: 'cancelled_at_provider' };
  return ended(reading, { ...verdict, phase: 'accepted' }, null);
}

/** Its deadline came before it could start: that is not charged. */
function readAborted({ spent, ...reading }: ReplyReading): CallOutcome {
  const verdict = { class: 'timeout', code: 'deadline_before_start', phase: 'accepted' } as const;
  const free: Spent = { ...spent, usage: {}, reportedCostNanoUsd: 0 };
  return { ...ended({ ...reading, spent: free }, verdict, null), spent: free };
}

type End = {
  readonly class: ProviderFailureClass;
  readonly code: string;
  readonly phase: 'accepted' | 'finished';
};

function ended(
  reading: ReplyReading,
  end: End,
  words: string | null,
): Extract<CallOutcome, { readonly kind: 'failed' }> {
  const { asked, spent } = reading;
  const message = failureSentence(end.class, asked);
  const detail = words === null ? {} : { detail: { message: ownWords(words, asked) } };
  return { kind: 'failed', failure: { ...end, message, ...detail }, ...saidSpent(spent) };
}

function isPastDeadline(body: JsonObject): boolean {
  const deadline = Date.parse(textAt(body, 'deadline') ?? '');
  const end = Date.parse(textAt(body, 'completed_at') ?? '');
  return end >= deadline;
}
