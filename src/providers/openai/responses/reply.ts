import type { JsonObject } from '../../../domain/json.ts';
import type { ModelCall, ToolCall } from '../../../domain/model/model-call.ts';
import { classify } from '../../openai-compatible/errors/classify.ts';
import { readingOf, type Reading } from '../../openai-compatible/reading.ts';
import { readDone, readBad, saidSpent, readNothing } from '../../shared/reading.ts';
import type { OpenAiCompatibleSettings } from '../../openai-compatible/settings.ts';
import type { CallOutcome, Ticket, WireReply } from '../../port.ts';
import { objectAt, objectOf, objectsAt, textAt } from '../../shared/json-fields.ts';

/** How long it is worth waiting before the next question. */
export const askAgainMs = 2_000;

/** An id goes into a path, so it must be nothing else. */
const idPattern = /^[\w-]{1,200}$/;

/**
 * A response object to an outcome: its own status decides, not the HTTP status. `ticket` is the one that was asked
 * with; absent for the answer to a submit.
 */
export function readResponse(
  settings: OpenAiCompatibleSettings,
  reply: WireReply,
  call: ModelCall,
  ticket?: Ticket,
): CallOutcome {
  const reading = readingOf(settings, reply, call);
  const { body } = reading;
  if (reply.status >= 300) return failedBefore(reading);
  const status = textAt(body, 'status') ?? '';
  if (working.has(status)) return stillWorking(reading, ticket);
  const end = Object.hasOwn(ends, status) ? ends[status] : undefined;
  if (end !== undefined) return end(reading);
  return objectOf(body['error']) === null ? readNothing(reading) : failedBefore(reading);
}

const working: ReadonlySet<string> = new Set(['queued', 'in_progress']);

const ends: Readonly<Record<string, (reading: Reading) => CallOutcome>> = {
  completed: (reading) => readOutput(reading, 'stop'),
  incomplete: readIncomplete,
  failed: failedAfter,
  cancelled,
};

function stillWorking(reading: Reading, ticket: Ticket | undefined): CallOutcome {
  const id = textAt(reading.body, 'id');
  if (ticket !== undefined) return { kind: 'pending', ticket, checkInMs: askAgainMs };
  if (id === null || !idPattern.test(id)) return readNothing(reading);
  return { kind: 'pending', ticket: { providerJobId: id, data: null }, checkInMs: askAgainMs };
}

function readOutput(reading: Reading, reason: 'stop' | 'length'): CallOutcome {
  const items = objectsAt(reading.body, 'output');
  const parts = items.flatMap((item) => objectsAt(item, 'content'));
  const refusals = parts.flatMap((part) => textAt(part, 'refusal') ?? []);
  if (refusals.length > 0) {
    return readBad(reading, 'content_blocked_output', 'refusal', refusals.join('\n'));
  }
  const text = parts
    .filter((part) => part['type'] === 'output_text')
    .flatMap((part) => textAt(part, 'text') ?? [])
    .join('');
  const toolCalls = items.filter((item) => item['type'] === 'function_call').flatMap(readToolCall);
  const hasMessage = items.some((item) => item['type'] === 'message');
  if (toolCalls.length > 0) {
    return readDone(reading, { kind: 'chat', text, finishReason: 'tool_calls', toolCalls });
  }
  // An answer cut off while the model was still thinking has no message at all.
  if (!hasMessage && reason === 'stop') return readNothing(reading);
  return readDone(reading, { kind: 'chat', text, finishReason: reason });
}

function readToolCall(item: JsonObject): readonly ToolCall[] {
  const id = textAt(item, 'call_id') ?? textAt(item, 'id');
  const name = textAt(item, 'name');
  if (id === null || name === null) return [];
  return [{ id, name, arguments: textAt(item, 'arguments') ?? '' }];
}

function readIncomplete(reading: Reading): CallOutcome {
  const { call } = reading;
  const reason = textAt(objectAt(reading.body, 'incomplete_details'), 'reason');
  if (reason === 'content_filter') {
    return readBad(reading, 'content_blocked_output', reason);
  }
  const wantsJson = call.kind === 'chat' && call.output.kind === 'json';
  if (wantsJson || reason !== 'max_output_tokens') {
    return readBad(reading, 'output_truncated', reason ?? 'incomplete');
  }
  return readOutput(reading, 'length');
}

/** The request was refused; nothing was begun. */
function failedBefore({ settings, reply, call }: Reading): CallOutcome {
  return { kind: 'failed', failure: classify(settings, { kind: 'reply', reply }, call.model) };
}

/** The work was begun and failed; what it used up until then counts. */
function failedAfter(reading: Reading): CallOutcome {
  const { settings, reply, call, body } = reading;
  const said = objectOf(body['error']) === null ? { error: { message: 'no reason given' } } : {};
  const evidence = { kind: 'reply' as const, reply: { ...reply, body: { ...body, ...said } } };
  const failure = { ...classify(settings, evidence, call.model), phase: 'accepted' as const };
  return { kind: 'failed', failure, ...saidSpent(reading.spent) };
}

function cancelled(reading: Reading): CallOutcome {
  const { settings, call } = reading;
  const failure = classify(settings, { kind: 'aborted', by: 'cancel' }, call.model);
  return {
    kind: 'failed',
    failure: { ...failure, phase: 'accepted', code: 'cancelled_at_provider' },
    ...saidSpent(reading.spent),
  };
}
