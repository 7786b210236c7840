import { canonicalJson } from '../../domain/canonical.ts';
import { DEFAULTS, type StepDefinition } from '../../domain/definition/definition.ts';
import { durationMs } from '../../domain/duration.ts';
import type { Target } from '../../domain/job/attempt.ts';
import type { Feedback } from '../../domain/feedback.ts';
import type { JobState } from '../../domain/job/job.ts';
import { isModelStepKind } from '../../domain/definition/step-kinds.ts';
import type { JobSnapshot } from '../ports/job-shard/snapshot.ts';
import type { Machine } from '../ports/runtime.ts';

const HASH_DIGITS = 12;

/** The models and prompts behind what is judged: those of a model step; of any other step, and of a job, all of them. */
export async function judgedBy(
  machine: Pick<Machine, 'sha256'>,
  { state, definition }: JobSnapshot,
  step: string | null,
): Promise<Pick<Feedback, 'models' | 'prompts'>> {
  const asking = definition.steps.filter(({ uses }) => isModelStepKind(uses));
  const own = asking.filter(({ id }) => id === step);
  const judged = own.length > 0 ? own : asking;
  const answered = judged.filter(({ id }) => state.steps[id]?.phase.status === 'succeeded');
  const prompts = answered.map(async (each) => `${each.id}:${await promptHash(machine, each)}`);
  return {
    models: [...new Set(answered.flatMap((each) => modelOf(state, each)))],
    prompts: await Promise.all(prompts),
  };
}

/** Of an attempt that succeeded; the items of a map keep theirs elsewhere, and then a single target tells it. */
function modelOf({ steps }: JobState, { id, route }: StepDefinition): string[] {
  const attempts = steps[id]?.attempts ?? [];
  const last = attempts.findLast(({ outcome }) => outcome === 'succeeded')?.target;
  const target = last ?? onlyTargetOf(route);
  return target === null ? [] : [`${target.provider}/${target.model}`];
}

function onlyTargetOf(route: StepDefinition['route']): Target | null {
  const [only, ...others] = typeof route === 'object' ? route.targets : [];
  return only !== undefined && others.length === 0 && 'model' in only ? only : null;
}

/** A prompt that is the same in two versions of a pipeline has the same hash in both. */
async function promptHash(
  { sha256 }: Pick<Machine, 'sha256'>,
  step: StepDefinition,
): Promise<string> {
  const prompt = step.prompt ?? step.with ?? {};
  return (await sha256(canonicalJson(prompt))).slice(0, HASH_DIGITS);
}

/** Until when a job that is over keeps its payloads. */
export function payloadsUntilMs({ state, definition }: JobSnapshot): number {
  const payloadsMs = durationMs(definition.retention?.payloads, DEFAULTS.retentionPayloadsMs);
  return (state.finishedAtMs ?? state.birth.createdAtMs) + payloadsMs;
}
