import type { Json } from '../../../../src/domain/json.ts';
import { reportLater } from '../callbacks/report.ts';
import { falWebhookHeaders } from '../callbacks/signatures.ts';
import { jsonAnswer } from '../error-answer.ts';
import { pixelUrl } from '../replicate/predictions.ts';
import type { Answer, Call, Scripted } from '../types.ts';
import { basePathOf } from '../wire-dialect.ts';
import { newWork, progressOf, type Work, type Works } from '../work.ts';

/** A request in fal's queue. */
export type FalRequest = Work & { readonly input: Json };

const base = basePathOf.fal;
const about = new RegExp(`^(GET|PUT) (${base}/[^/]+/[^/]+)/requests/([^/]+?)(/status|/cancel)?$`);

/** Answers everything below fal's base path; null for what is not there. */
export function answerFal(
  call: Call,
  scripted: Scripted,
  works: Works<FalRequest>,
  nowMs: number,
): Answer | null {
  const [, method, , id, what] = about.exec(`${call.method} ${call.path}`) ?? [];
  if (id === undefined) {
    return call.method === 'POST' ? submit(call, scripted, works, nowMs) : null;
  }
  const work = works.get(id);
  if (work === null) return jsonAnswer(404, { detail: 'Request not found' }, { paid: false });
  if (method === 'PUT') return what === '/cancel' ? cancel(work) : null;
  if (what === '/status') return jsonAnswer(200, statusOf(work), { paid: false });
  return what === undefined ? resultOf(work) : null;
}

/** Taken, and paid for, at once; it ends after some questions. */
function submit(call: Call, scripted: Scripted, works: Works<FalRequest>, nowMs: number): Answer {
  const work: FalRequest = {
    ...newWork(`sim-fal-${call.seq}`, call.model ?? 'unknown', scripted, nowMs),
    input: call.body ?? null,
  };
  works.add(work);
  report(work, call.query?.get('fal_webhook') ?? null);
  const body = { status: 'IN_QUEUE', queue_position: 0, ...urlsOf(work) };
  return jsonAnswer(200, body, { paid: true });
}

/** The webhook carries the result, or the error with its status, and is signed with Ed25519. */
function report(work: FalRequest, url: string | null): void {
  const afterMs = work.scripted.reply?.callback_ms;
  if (url === null || afterMs === undefined) return;
  reportLater(afterMs, () => {
    work.pollsLeft = 0;
    const { status, pieces } = resultOf(work);
    const payload = JSON.parse(pieces.join('')) as Json;
    const ended =
      status < 300
        ? { status: 'OK', error: null }
        : { status: 'ERROR', error: `Invalid status code: ${status}` };
    const text = JSON.stringify({
      request_id: work.id,
      gateway_request_id: work.id,
      ...ended,
      payload,
    });
    return { url, headers: falWebhookHeaders(text, work.id), text };
  });
}

/** Without the path below the app: fal asks for requests by its owner and name only. */
function urlsOf({ id, model }: FalRequest) {
  const app = model.split('/').slice(0, 2).join('/');
  const url = `https://queue.fal.run/${app}/requests/${id}`;
  return {
    request_id: id,
    response_url: url,
    status_url: `${url}/status`,
    cancel_url: `${url}/cancel`,
  };
}

function statusOf(work: FalRequest): object {
  const progress = progressOf(work);
  const urls = urlsOf(work);
  if (progress === 'queued') return { status: 'IN_QUEUE', queue_position: 1, ...urls };
  if (progress === 'in_progress') return { status: 'IN_PROGRESS', logs: null, ...urls };
  return { status: 'COMPLETED', logs: null, metrics: { inference_time: 1.5 }, ...urls };
}

function cancel(work: FalRequest): Answer {
  if (work.pollsLeft === 0)
    return jsonAnswer(400, { status: 'ALREADY_COMPLETED' }, { paid: false });
  work.isCancelled = true;
  return jsonAnswer(202, { status: 'CANCELLATION_REQUESTED' }, { paid: false });
}

function resultOf({ isCancelled, pollsLeft, scripted: { fault, reply } }: FalRequest): Answer {
  if (isCancelled) return jsonAnswer(400, { detail: 'Request was cancelled' }, { paid: false });
  if (pollsLeft > 0) {
    return jsonAnswer(400, { detail: 'Request is still in progress' }, { paid: false });
  }
  if (fault.fails_later === true) {
    const msg = fault.message ?? 'The simulated model failed.';
    return jsonAnswer(
      422,
      { detail: [{ loc: ['body'], msg, type: 'value_error' }] },
      { paid: false },
    );
  }
  const images = [{ url: pixelUrl, content_type: 'image/png', width: 1, height: 1 }];
  return jsonAnswer(200, reply?.json ?? { images, seed: 7 }, { paid: false });
}
