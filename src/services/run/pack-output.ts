import type { Failure } from '../../domain/job/failure.ts';
import type { JobId, ProjectId } from '../../domain/ids.ts';
import type { Json } from '../../domain/json.ts';
import type { PlannedStep } from '../../engine/plan/plan.ts';
import { checkAsset } from '../values/check-asset.ts';
import { checkOutput } from '../values/check-output.ts';
import { controlValues } from '../values/control-values.ts';
import { packPayload } from '../values/payloads.ts';
import type { SettlementReport } from '../ports/job-shard/turn.ts';
import type { ExecuteDeps } from './attempt.ts';

/** The attempt whose output it is. */
export type OutputOwner = {
  readonly project: ProjectId;
  readonly jobId: JobId;
  readonly step: PlannedStep;
  readonly item: number | null;
  /** The attempt's key: objects are stored under it. */
  readonly key: string;
};

type Unchecked = {
  readonly output: Json;
  /** What the schema speaks about; nothing, if absent. */
  readonly checked?: Json | undefined;
};

/**
 * Makes an attempt's output ready to be reported: checks it against the step's schema, reads the values that decide
 * what runs next, and stores it where it belongs. An output that does not satisfy the schema is a failure; what was
 * rejected is kept.
 */
export async function packOutput(
  deps: Pick<ExecuteDeps, 'objects' | 'machine'>,
  { project, jobId, step, item, key }: OutputOwner,
  { output, checked }: Unchecked,
): Promise<SettlementReport['outcome']> {
  const unfit = unfitOf(step, { output, checked });
  if (unfit !== null) return { ok: false, failure: unfit, rejected: checked ?? output };
  // A map's control values are assembled by the shard, which alone has all its items.
  const control = controlValues(step.forEach === null ? step.reports : [], output, 3);
  if (!control.ok) return control;
  const rowKey = item === null ? `output/${step.id}` : `output/${step.id}/${item}`;
  const packed = await packPayload(deps, { project, jobId, owner: key, rowKey }, output);
  return packed.ok ? { ok: true, output: packed.payload, control: control.values } : packed;
}

function unfitOf({ definition }: PlannedStep, { output, checked }: Unchecked): Failure | null {
  const { schema, asset } = definition.check ?? {};
  const unfit = schema === undefined || checked === undefined ? null : checkOutput(schema, checked);
  return unfit ?? (asset === undefined ? null : checkAsset(asset, output));
}
