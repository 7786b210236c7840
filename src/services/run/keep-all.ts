import type { Failure, Outcome } from '../../domain/job/failure.ts';
import type { ModelResult } from '../../domain/model/model-call.ts';
import type { ProducedMedia } from '../../domain/model/media.ts';
import type { KeptFile } from '../../steps/model/port.ts';
import { errorName } from '../ports/log.ts';
import type { Attempt, ExecuteDeps } from './attempt.ts';
import { keepMedia } from '../files/keep-media.ts';

/**
 * Keeps all files of a result, one after the other: they may be large. A provider charges for what it made whether or
 * not it could be kept, so a failure here is one of a call that is over.
 */
export async function keepAll(
  deps: ExecuteDeps,
  attempt: Attempt,
  result: ModelResult,
): Promise<Outcome<readonly KeptFile[]>> {
  const kept: KeptFile[] = [];
  for (const media of mediaOf(result)) {
    const one = await keep(deps, attempt, media);
    if (!one.ok) return one;
    kept.push(one.value);
  }
  return { ok: true, value: kept };
}

function mediaOf(result: ModelResult): readonly ProducedMedia[] {
  return result.kind === 'image' ? result.images.map(({ media }) => media) : [];
}

async function keep(
  deps: ExecuteDeps,
  { job: { project, jobId }, signal }: Attempt,
  media: ProducedMedia,
): Promise<Outcome<KeptFile>> {
  const { files, outside, machine, log } = deps;
  if (files === undefined || outside === undefined) {
    const message = 'the provider made a file, and this deployment keeps none';
    return { ok: false, failure: { class: 'not_configured', phase: 'finished', message } };
  }
  try {
    return await keepMedia({ files, outside, machine, log }, { project, jobId, signal }, media);
  } catch (error) {
    deps.log('error', 'media.not_kept', { job_id: jobId, project, error: errorName(error) });
    const message = 'the provider made a file, and it could not be kept';
    const failure: Failure = { class: 'internal', phase: 'finished', message };
    return { ok: false, failure };
  }
}
