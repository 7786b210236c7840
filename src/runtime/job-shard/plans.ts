import { canonicalJson } from '../../domain/canonical.ts';
import { definitionSchema, type Definition } from '../../domain/definition.ts';
import { makePlan, type Plan } from '../../engine/plan.ts';
import type { ShardContext } from './context.ts';
import { loadDefinition, saveDefinition } from './tables/definitions.ts';

/** How many compiled definitions an instance keeps; the longest unused one goes first. */
const PLANS_MAX = 64;
/** A definition's `keep_until` is moved in steps of this size, so that most submits write nothing. */
const KEEP_STEP_MS = 86_400_000;

/** The compiled definition under a hash; undefined when the shard does not have it. */
export function planOf(context: ShardContext, hash: string): Plan | undefined {
  const known = context.memory.plans.get(hash);
  if (known !== undefined) {
    remember(context, hash, known);
    return known;
  }
  const stored = loadDefinition(context.ports.sql, hash);
  return stored === null
    ? undefined
    : compile(context, hash, definitionSchema.parse(JSON.parse(stored.body)));
}

/** Compiles a job's definition and keeps it for as long as the job may need it. */
export function keepPlan(
  context: ShardContext,
  hash: string,
  definition: Definition,
  deadlineAtMs: number,
): Plan {
  const plan = context.memory.plans.get(hash) ?? compile(context, hash, definition);
  const neededUntilMs = deadlineAtMs + plan.retention.historyMs;
  const stored = loadDefinition(context.ports.sql, hash);
  if (stored === null || stored.keepUntilMs < neededUntilMs) {
    saveDefinition(context.ports.sql, hash, {
      body: stored?.body ?? canonicalJson(definition),
      keepUntilMs: neededUntilMs + KEEP_STEP_MS,
    });
  }
  return plan;
}

function compile(context: ShardContext, hash: string, definition: Definition): Plan {
  const result = makePlan(definition);
  if (!result.ok) throw new Error(`stored definition ${hash} no longer compiles`);
  remember(context, hash, result.plan);
  return result.plan;
}

function remember({ memory }: ShardContext, hash: string, plan: Plan): void {
  memory.plans.delete(hash);
  memory.plans.set(hash, plan);
  const [oldest] = memory.plans.keys();
  if (memory.plans.size > PLANS_MAX && oldest !== undefined) memory.plans.delete(oldest);
}
