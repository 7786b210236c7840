import type { Failure } from '../../domain/job/failure.ts';
import { LINEAGE_MAX } from '../../domain/job/lineage.ts';
import { pipelineNameOf } from '../../domain/definition/pipeline-reference.ts';

/** Why a pipeline cannot run below these, the first ancestor first; null when it can. */
export function lineageFailure(lineage: readonly string[], pipeline: string): Failure | null {
  const name = pipelineNameOf(pipeline);
  const chain = [...lineage, name].join(' -> ');
  if (lineage.includes(name)) {
    return refusal('ancestor', `a pipeline cannot run inside itself: ${chain}`);
  }
  if (lineage.length < LINEAGE_MAX) return null;
  const message = `pipelines may stand ${LINEAGE_MAX} deep at most: ${chain} is one too many`;
  return refusal('too_deep', message);
}

function refusal(code: string, message: string): Failure {
  return { class: 'step_input_invalid', phase: 'not_sent', code, message };
}
