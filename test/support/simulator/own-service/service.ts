import { isJsonObject, type Json, type JsonObject } from '../../../../src/domain/json.ts';
import { jsonAnswer } from '../error-answer.ts';
import { vectorOf } from '../openai/embeddings.ts';
import { pixel } from '../openai/images.ts';
import type { Answer, Call, Scripted } from '../types.ts';
import { basePathOf } from '../wire-dialect.ts';
import { newWork, progressOf, type Work, type Works } from '../work.ts';

/** A picture that was asked for. */
export type Picture = Work & { readonly count: number };

const base = basePathOf.own;
const about = new RegExp(`^(GET|POST) ${base}/pictures/([^/]+?)(/stop)?$`);
const dimensions = 8;

/**
 * A company's own services, in nobody's wire format: `/embed` gives bare vectors, `/pictures` has a queue. They are what
 * docs/providers.md declares as examples. Null for what is not there.
 */
export function answerOwnService(
  call: Call,
  scripted: Scripted,
  pictures: Works<Picture>,
  nowMs: number,
): Answer | null {
  const target = `${call.method} ${call.path}`;
  if (target === `POST ${base}/embed`) return embed(call);
  if (target === `POST ${base}/pictures`) return submit(call, scripted, pictures, nowMs);
  const [, method, id, stops] = about.exec(target) ?? [];
  if (id === undefined || (method === 'POST') !== (stops !== undefined)) return null;
  const picture = pictures.get(decodeURIComponent(id));
  if (picture === null) return problem(404, 'unknown_picture', 'There is no such picture.');
  if (stops !== undefined && picture.pollsLeft > 0) picture.isCancelled = true;
  return tell(200, picture, progressOf(picture), false);
}

function embed({ body }: Call): Answer {
  const list = fieldsOf(body)['inputs'];
  const inputs: readonly Json[] = Array.isArray(list) ? list : [];
  const texts = inputs.filter((input) => typeof input === 'string');
  if (texts.length === 0) {
    const error = { error: '`inputs` cannot be empty', error_type: 'Validation' };
    return jsonAnswer(422, error, { paid: false });
  }
  const vectors = texts.map((text) => vectorOf(text, dimensions));
  return jsonAnswer(200, vectors, { paid: true });
}

function submit(call: Call, scripted: Scripted, pictures: Works<Picture>, nowMs: number): Answer {
  const { prompt, count } = fieldsOf(call.body);
  if (typeof prompt !== 'string') return problem(400, 'no_prompt', '`prompt` is missing.');
  const picture: Picture = {
    ...newWork(`pic:${call.seq}`, call.model ?? 'brush', scripted, nowMs),
    count: typeof count === 'number' ? count : 1,
  };
  pictures.add(picture);
  return tell(202, picture, 'queued', true);
}

function tell(
  status: number,
  picture: Picture,
  progress: ReturnType<typeof progressOf>,
  paid: boolean,
): Answer {
  const { id, model, count, scripted } = picture;
  const head = { id, model, state: 'waiting' };
  const spent = scripted.reply?.usage ?? { seconds: 1.5 };
  if (progress === 'cancelled') return jsonAnswer(status, { ...head, state: 'stopped' }, { paid });
  if (progress !== 'ended') return jsonAnswer(status, head, { paid });
  const { fault } = scripted;
  if (fault.fails_later === true) {
    const text = fault.message ?? 'The simulated picture failed.';
    const failed = { state: 'failed', problem: { code: fault.code ?? 'broken', text }, spent };
    return jsonAnswer(status, { ...head, ...failed }, { paid });
  }
  const pictures = Array.from({ length: count }, () => ({ data: pixel, type: 'image/png' }));
  return jsonAnswer(status, { ...head, state: 'done', pictures, spent }, { paid });
}

function problem(status: number, code: string, text: string): Answer {
  return jsonAnswer(status, { problem: { code, text } }, { paid: false });
}

function fieldsOf(body: Json | undefined): JsonObject {
  return body !== undefined && isJsonObject(body) ? body : {};
}
