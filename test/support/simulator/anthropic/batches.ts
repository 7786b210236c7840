import type { Json, JsonObject } from '../../../../src/domain/json.ts';
import { errorAnswer, jsonAnswer } from '../error-answer.ts';
import { objectOrEmpty } from '../openai/chat-request.ts';
import type { Answer, Call, Scripted } from '../types.ts';
import { basePathOf, errorBodyIn } from '../wire-dialect.ts';
import { newWork, progressOf, type Work, type Works } from '../work.ts';
import { answerMessages, messageOf, readMessagesRequest, refused } from './messages.ts';

/** A batch of messages that was created, whether anybody heard of it or not. */
export type MessageBatch = Work & { readonly requests: readonly JsonObject[] };

const base = `${basePathOf.anthropic}/messages`;
const single = new RegExp(`^(GET|POST) ${base}/batches/([^/]+)(/cancel|/results)?$`);
const customIdPattern = /^[a-zA-Z0-9_-]{1,64}$/;
const dayMs = 86_400_000;

/** Answers everything below Anthropic's base path; null for what is not there. */
export function answerAnthropic(
  call: Call,
  scripted: Scripted,
  batches: Works<MessageBatch>,
  nowMs: number,
): Answer | null {
  const asked = `${call.method} ${call.path}`;
  if (asked === `POST ${base}`) return answerMessages(call, scripted);
  if (asked === `POST ${base}/batches`) return createBatch(call, scripted, batches, nowMs);
  if (asked === `GET ${base}/batches`) return listBatches(batches);
  const [, method, id, below] = single.exec(asked) ?? [];
  if (id === undefined || (method === 'POST') !== (below === '/cancel')) return null;
  const batch = batches.get(id);
  if (batch === null) return errorAnswer(404, { message: `No batch ${id}` }, 'anthropic');
  if (below === '/results') return resultsOf(batch);
  if (below === '/cancel') batch.isCancelled = true;
  const progress = progressOf(batch);
  return jsonAnswer(200, shown(batch, progress === 'ended' || progress === 'cancelled'), {
    paid: false,
  });
}

/** The batch is taken, and paid for, at once; it ends after some questions. */
function createBatch(
  call: Call,
  scripted: Scripted,
  batches: Works<MessageBatch>,
  nowMs: number,
): Answer {
  const { requests } = objectOrEmpty(call.body);
  if (!Array.isArray(requests) || requests.length === 0) throw refused('requests: Field required');
  const read = requests.map((request: Json) => objectOrEmpty(request));
  const ids = new Set(read.map(({ custom_id: id }) => id));
  const areGood = [...ids].every((id) => typeof id === 'string' && customIdPattern.test(id));
  if (!areGood || ids.size < read.length) throw refused('requests: custom_id is invalid');
  const models = read.map(({ params }) => readMessagesRequest(objectOrEmpty(params)).model);
  const batch: MessageBatch = {
    ...newWork(`msgbatch_sim_${call.seq}`, models[0] ?? 'unknown', scripted, nowMs),
    requests: read,
  };
  batches.add(batch);
  return jsonAnswer(200, shown(batch, false), { paid: true });
}

/** Newest first. A look does not move the work on. */
function listBatches(batches: Works<MessageBatch>): Answer {
  const data = batches
    .all()
    .toReversed()
    .map((batch) => shown(batch, hasEnded(batch)));
  const page = { data, has_more: false, first_id: null, last_id: null };
  return jsonAnswer(200, page, { paid: false });
}

function hasEnded({ isCancelled, pollsLeft }: MessageBatch): boolean {
  return isCancelled || pollsLeft === 0;
}

function shown(batch: MessageBatch, isOver: boolean): JsonObject {
  const { id, createdAtMs, requests, isCancelled } = batch;
  const count = requests.length;
  const canceled = isOver && isCancelled ? count : 0;
  const address = `https://api.anthropic.com/v1/messages/batches/${id}/results`;
  return {
    id,
    type: 'message_batch',
    processing_status: isOver ? 'ended' : 'in_progress',
    request_counts: {
      processing: isOver ? 0 : count,
      succeeded: isOver ? count - canceled : 0,
      errored: 0,
      canceled,
      expired: 0,
    },
    created_at: new Date(createdAtMs).toISOString(),
    expires_at: new Date(createdAtMs + dayMs).toISOString(),
    ended_at: isOver ? new Date(createdAtMs).toISOString() : null,
    results_url: isOver ? address : null,
  };
}

/** A JSON object on each line. */
function resultsOf(batch: MessageBatch): Answer {
  if (!hasEnded(batch)) {
    return errorAnswer(404, { message: 'The batch has no results yet.' }, 'anthropic');
  }
  const lines = batch.requests.map((request, index) => {
    const result = resultOf(batch, request, index);
    return `${JSON.stringify({ custom_id: request['custom_id'], result })}\n`;
  });
  const contentType = 'application/x-jsonl';
  return { status: 200, contentType, headers: {}, pieces: [lines.join('')], paid: false };
}

function resultOf(batch: MessageBatch, { params }: JsonObject, index: number): object {
  const { fault } = batch.scripted;
  if (batch.isCancelled) return { type: 'canceled' };
  if (fault.fails_later === true) {
    const message = fault.message ?? 'The simulated work failed.';
    const type = fault.type ?? 'api_error';
    return { type: 'errored', error: errorBodyIn('anthropic', 500, message, { type, code: null }) };
  }
  const request = readMessagesRequest(objectOrEmpty(params));
  const message = messageOf(`msg_${batch.id}_${index}`, request, batch.scripted);
  return { type: 'succeeded', message };
}
