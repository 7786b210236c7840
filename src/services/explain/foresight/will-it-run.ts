import type { Json } from '../../../domain/json.ts';
import type { PlannedStep } from '../../../engine/plan/plan.ts';
import { foreseeControl, unknownBecause, type Foresight } from './foresight.ts';

/** Why a step would run, would not, or why that cannot be said. */
export const runCodes = [
  'always',
  'needs',
  'condition',
  'needs_failed',
  'needs_skipped',
  'no_failure',
  'failure_of_another',
  'unknown_values',
  'unknown_needs',
  'expression_failed',
] as const;
type RunCode = (typeof runCodes)[number];

export type RunVerdict = {
  /** Null when only the run will know. */
  readonly runs: boolean | null;
  readonly code: RunCode;
  readonly message: string;
  /** What the step's `if` gives; absent when it has none, or it cannot be said. */
  readonly condition?: Json;
};

/** Decides as the engine does when the step's turn comes, with what is known before the run. */
export function willItRun(foresight: Foresight, step: PlannedStep): RunVerdict {
  return asHandler(foresight, step) ?? byCondition(foresight, step) ?? byNeeds(foresight, step);
}

function asHandler({ steps }: Foresight, { handles }: PlannedStep): RunVerdict | null {
  if (handles === null) return null;
  const handled = steps.get(handles);
  if (handled?.status === 'failed') return null;
  if (handled?.runs === false) {
    return { runs: false, code: 'no_failure', message: `${handles} does not run, and cannot fail` };
  }
  const message = `it stands in for ${handles}, and runs only if that fails`;
  return { runs: null, code: 'failure_of_another', message };
}

function byCondition(foresight: Foresight, { condition }: PlannedStep): RunVerdict | null {
  if (condition === null) return null;
  const found = foreseeControl(foresight, condition);
  if (found.kind === 'unknown') {
    const message = `its \`if\` ${unknownBecause(found.reads)}`;
    return { runs: null, code: 'unknown_values', message };
  }
  if (found.kind === 'failure') return unevaluable(found.message);
  const { value } = found;
  if (typeof value !== 'boolean')
    return unevaluable(`\`${condition.source}\` must be true or false`);
  const message = `its \`if\` is ${value}`;
  return { runs: value, code: 'condition', message, condition: value };
}

/** The step fails where it would have begun. */
function unevaluable(message: string): RunVerdict {
  return { runs: false, code: 'expression_failed', message: `\`if\`: ${message}` };
}

function byNeeds({ steps, plan }: Foresight, step: PlannedStep): RunVerdict {
  const needs = step.needs.filter((id) => id !== step.handles);
  const failed = needs.find((id) => hasFailed({ steps, plan }, id));
  if (failed !== undefined) {
    return { runs: false, code: 'needs_failed', message: `it needs ${failed}, which would fail` };
  }
  const skipped = needs.find((id) => wasLeftOut({ steps, plan }, id));
  if (skipped !== undefined) {
    const message = `it needs ${skipped}, which does not run`;
    return { runs: false, code: 'needs_skipped', message };
  }
  const unknown = needs.find((id) => isUncertain(steps, id));
  if (unknown !== undefined) {
    const message = `it needs ${unknown}, of which only a run will know whether it runs`;
    return { runs: null, code: 'unknown_needs', message };
  }
  return needs.length === 0
    ? { runs: true, code: 'always', message: 'it has no `if`, and needs no other step' }
    : { runs: true, code: 'needs', message: `it runs once ${needs.join(', ')} have succeeded` };
}

type Known = Pick<Foresight, 'steps' | 'plan'>;

function hasFailed({ steps, plan }: Known, id: string): boolean {
  if (steps.get(id)?.status !== 'failed') return false;
  const policy = plan.byId.get(id)?.onFailure;
  if (policy?.kind === 'handler') return steps.get(policy.step)?.status === 'failed';
  return policy?.kind !== 'continue';
}

/** True for a step that was skipped, but for a handler that had nothing to handle. */
function wasLeftOut({ steps, plan }: Known, id: string): boolean {
  return steps.get(id)?.status === 'skipped' && plan.byId.get(id)?.handles === null;
}

function isUncertain(steps: Foresight['steps'], id: string): boolean {
  const step = steps.get(id);
  return step === undefined || (step.runs === null && !step.standsBy);
}
