import type { Json, JsonObject } from '../../../../src/domain/json.ts';
import { reportLater } from '../callbacks/report.ts';
import { standardWebhookHeaders } from '../callbacks/signatures.ts';
import { errorAnswer, jsonAnswer } from '../error-answer.ts';
import { objectOrEmpty } from '../openai/chat-request.ts';
import type { Answer, Call, Scripted } from '../types.ts';
import { basePathOf } from '../wire-dialect.ts';
import { newWork, progressOf, type Work, type Works } from '../work.ts';

/** A prediction that was created, whether anybody heard of it or not. */
export type Prediction = Work & { readonly input: Json; readonly webhook: Json };

const base = basePathOf.replicate;
const create = new RegExp(`^POST ${base}/(?:models/[^/]+/[^/]+/)?predictions$`);
const single = new RegExp(`^(GET|POST) ${base}/predictions/([^/]+)(/cancel)?$`);

/** One red pixel, as a model without a file store of its own returns it. */
export const pixelUrl =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** Answers everything below Replicate's base path; null for what is not there. */
export function answerReplicate(
  call: Call,
  scripted: Scripted,
  works: Works<Prediction>,
  nowMs: number,
): Answer | null {
  const asked = `${call.method} ${call.path}`;
  if (create.test(asked)) return createPrediction(call, scripted, works, nowMs);
  if (asked === `GET ${base}/predictions`) return listPredictions(works);
  const [, method, id, cancels] = single.exec(asked) ?? [];
  if (id === undefined || (method === 'POST') !== (cancels !== undefined)) return null;
  const work = works.get(id);
  if (work === null)
    return errorAnswer(404, { message: 'The requested resource could not be found.' });
  if (cancels !== undefined) work.isCancelled = true;
  return jsonAnswer(200, shown(work, progressOf(work)), { paid: false });
}

/** The prediction is taken, and paid for, at once; it ends after some questions. */
function createPrediction(
  call: Call,
  scripted: Scripted,
  works: Works<Prediction>,
  nowMs: number,
): Answer {
  const fields = objectOrEmpty(call.body);
  const work: Prediction = {
    ...newWork(`simpred${call.seq}`, call.model ?? 'unknown', scripted, nowMs),
    input: fields['input'] ?? {},
    webhook: fields['webhook'] ?? null,
  };
  works.add(work);
  report(work, scripted.reply?.callback_ms);
  return jsonAnswer(201, shown(work, 'queued'), { paid: true });
}

/** The webhook carries the prediction, and is signed by Standard Webhooks. */
function report(work: Prediction, afterMs: number | undefined): void {
  const { webhook: url } = work;
  if (typeof url !== 'string' || afterMs === undefined) return;
  reportLater(afterMs, () => {
    work.pollsLeft = 0;
    const text = JSON.stringify(shown(work, progressOf(work)));
    return { url, headers: standardWebhookHeaders(text, `msg_${work.id}`), text };
  });
}

/** Newest first. A look does not move the work on. */
function listPredictions(works: Works<Prediction>): Answer {
  const results = works
    .all()
    .toReversed()
    .map((work) => shown(work, 'queued'));
  return jsonAnswer(200, { previous: null, next: null, results }, { paid: false });
}

const statusOf = {
  queued: 'starting',
  in_progress: 'processing',
  ended: 'succeeded',
  cancelled: 'canceled',
} as const;

function shown(work: Prediction, progress: keyof typeof statusOf): JsonObject {
  const created = new Date(work.createdAtMs).toISOString();
  const url = `https://api.replicate.com/v1/predictions/${work.id}`;
  const isOver = progress === 'ended' || progress === 'cancelled';
  return {
    id: work.id,
    model: work.model,
    version: 'simulated',
    status: statusOf[progress],
    input: work.input,
    output: null,
    error: null,
    logs: '',
    metrics: isOver ? { predict_time: 1.5, total_time: 2 } : {},
    created_at: created,
    started_at: progress === 'queued' ? null : created,
    completed_at: isOver ? created : null,
    ...(work.webhook === null ? {} : { webhook: work.webhook }),
    urls: { get: url, cancel: `${url}/cancel` },
    ...(progress === 'ended' ? endOf(work) : {}),
  };
}

function endOf({ scripted: { fault, reply } }: Prediction): JsonObject {
  if (fault.fails_later !== true) return { output: reply?.json ?? [pixelUrl] };
  return { status: 'failed', error: fault.message ?? 'The simulated model failed.' };
}
