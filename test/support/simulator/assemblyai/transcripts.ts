import type { JsonObject } from '../../../../src/domain/json.ts';
import { reportLater } from '../callbacks/report.ts';
import { jsonAnswer } from '../error-answer.ts';
import { objectOrEmpty } from '../openai/chat-request.ts';
import type { Answer, Call, Scripted } from '../types.ts';
import { basePathOf } from '../wire-dialect.ts';
import { newWork, progressOf, type Work, type Works } from '../work.ts';

/** A transcript that was asked for, whether anybody heard of it or not. */
export type Transcript = Work & { readonly asked: JsonObject };

const base = basePathOf.assemblyai;
const single = new RegExp(`^GET ${base}/transcript/([^/]+)$`);

/** Answers everything below AssemblyAI's base path; null for what is not there. */
export function answerAssemblyai(
  call: Call,
  scripted: Scripted,
  works: Works<Transcript>,
  nowMs: number,
): Answer | null {
  const asked = `${call.method} ${call.path}`;
  if (asked === `POST ${base}/upload`) {
    const upload_url = `https://cdn.assemblyai.example/upload/sim-${call.seq}`;
    return jsonAnswer(200, { upload_url }, { paid: false });
  }
  if (asked === `POST ${base}/transcript`) return submit(call, scripted, works, nowMs);
  if (asked === `GET ${base}/transcript`) return list(works);
  const id = single.exec(asked)?.[1];
  if (id === undefined) return null;
  const work = works.get(id);
  if (work === null) return jsonAnswer(404, { error: 'Not found' }, { paid: false });
  return jsonAnswer(200, shown(work, progressOf(work)), { paid: false });
}

/** Taken, and paid for, at once; it ends after some questions, or when it is reported. */
function submit(call: Call, scripted: Scripted, works: Works<Transcript>, nowMs: number): Answer {
  const asked = objectOrEmpty(call.body);
  const work: Transcript = {
    ...newWork(`sim-aai-${call.seq}`, call.model ?? 'unknown', scripted, nowMs),
    asked,
  };
  works.add(work);
  report(work, scripted.reply?.callback_ms);
  return jsonAnswer(200, shown(work, 'queued'), { paid: true });
}

/** The webhook says that it is time to ask, and brings back the header that it was given. */
function report(work: Transcript, afterMs: number | undefined): void {
  const {
    webhook_url: url,
    webhook_auth_header_name: name,
    webhook_auth_header_value: value,
  } = work.asked;
  if (typeof url !== 'string' || afterMs === undefined) return;
  reportLater(afterMs, () => {
    work.pollsLeft = 0;
    const { status } = shown(work, 'ended');
    const headers = typeof name === 'string' && typeof value === 'string' ? { [name]: value } : {};
    return { url, headers, text: JSON.stringify({ transcript_id: work.id, status }) };
  });
}

/** Newest first. A look does not move the work on. */
function list(works: Works<Transcript>): Answer {
  const transcripts = works
    .all()
    .toReversed()
    .map((work) => ({
      id: work.id,
      status: 'queued',
      created: new Date(work.createdAtMs).toISOString().replace('Z', '000'),
    }));
  return jsonAnswer(200, { page_details: { limit: 50 }, transcripts }, { paid: false });
}

const statusOf = { queued: 'queued', in_progress: 'processing', ended: 'completed' } as const;

function shown(work: Transcript, progress: ReturnType<typeof progressOf>): JsonObject {
  const { audio_url = null, webhook_url = null, speech_models = null } = work.asked;
  return {
    id: work.id,
    // Nothing can be cancelled here.
    status: progress === 'cancelled' ? 'processing' : statusOf[progress],
    audio_url,
    webhook_url,
    speech_models,
    text: null,
    error: null,
    audio_duration: null,
    ...(progress === 'ended' ? endOf(work) : {}),
  };
}

/** A second of sound for each word. */
function endOf({ asked, scripted: { fault, reply } }: Transcript): JsonObject {
  if (fault.fails_later === true) {
    return { status: 'error', error: fault.message ?? 'The simulated model failed.' };
  }
  const text = reply?.text ?? 'This transcript is simulated.';
  const spoken = text.split(/\s+/).filter((word) => word !== '');
  const words = spoken.map((word, at) => ({
    text: word,
    start: at * 1000,
    end: at * 1000 + 500,
    confidence: 0.99,
    speaker: asked['speaker_labels'] === true ? 'A' : null,
  }));
  const utterance = { text, start: 0, end: spoken.length * 1000, speaker: 'A' };
  return {
    text,
    language_code: 'en',
    audio_duration: spoken.length,
    words,
    utterances: asked['speaker_labels'] === true ? [utterance] : null,
  };
}
