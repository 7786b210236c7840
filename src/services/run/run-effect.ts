import type { Outcome } from '../../domain/job/failure.ts';
import type { Json } from '../../domain/json.ts';
import type { EffectKind } from '../../domain/definition/step-kinds.ts';
import { effectInputs } from '../../steps/effects.ts';
import { fetchFile } from '../files/fetch-file.ts';
import type { Attempt, ExecuteDeps, Ran } from './attempt.ts';
import { localFacts } from './facts.ts';
import { parseStepInput } from './step-input.ts';

/** Changes whenever the same input would do something else; stored with every attempt. */
const VERSIONS: Record<EffectKind, number> = { 'file.fetch': 1 };

/** Carries out a step that reaches out of the Worker and asks no model. Doing it twice does no harm. */
export async function runEffect(
  deps: ExecuteDeps,
  attempt: Attempt,
  kind: EffectKind,
  input: Json,
): Promise<Ran> {
  const startedAtMs = deps.machine.nowMs();
  const outcome = await carryOut(deps, attempt, kind, input);
  const facts = localFacts(startedAtMs, deps.machine.nowMs(), VERSIONS[kind]);
  if (!outcome.ok) return { facts, result: outcome };
  return { facts, result: { ok: true, output: outcome.value, checked: outcome.value } };
}

async function carryOut(
  { files, outside, machine, log }: ExecuteDeps,
  { job, work, signal }: Attempt,
  kind: EffectKind,
  input: Json,
): Promise<Outcome<Json>> {
  if (files === undefined || outside === undefined) {
    const message = 'this deployment keeps no files';
    return { ok: false, failure: { class: 'not_configured', phase: 'not_sent', message } };
  }
  const parsed = parseStepInput(effectInputs[kind], input);
  if (!parsed.ok) return parsed;
  const owner = { project: job.project, jobId: job.jobId, signal };
  const timeoutMs = Math.max(1, work.deadlineAtMs - machine.nowMs());
  return fetchFile({ files, outside, machine, log }, owner, { ...parsed.value, timeoutMs });
}
