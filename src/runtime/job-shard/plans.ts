import { canonicalJson } from '../../domain/canonical.ts';
import { definitionSchema, type Definition } from '../../domain/definition/definition.ts';
import type { Plan } from '../../engine/plan/plan.ts';
import type { ShardContext } from './context.ts';
import { loadDefinition, saveDefinition } from './tables/definitions.ts';

/** A definition's `keep_until` is moved in steps of this size, so that most submits write nothing. */
const KEEP_STEP_MS = 30 * 86_400_000;

/** The compiled definition under a hash; undefined when the shard does not have it. */
export function planOf({ ports, memory }: ShardContext, hash: string): Plan | undefined {
  const known = memory.plans.get(hash);
  if (known !== undefined) return known;
  const stored = loadDefinition(ports.sql, hash);
  if (stored === null) return undefined;
  return memory.plans.put(hash, definitionSchema.parse(JSON.parse(stored.body)));
}

/** Compiles a job's definition and keeps it for as long as the job may need it. */
export function keepPlan(
  { ports, memory }: ShardContext,
  hash: string,
  definition: Definition,
  deadlineAtMs: number,
): Plan {
  const plan = memory.plans.put(hash, definition);
  const neededUntilMs = deadlineAtMs + plan.retention.historyMs;
  const stored = loadDefinition(ports.sql, hash);
  if (stored === null || stored.keepUntilMs < neededUntilMs) {
    saveDefinition(ports.sql, hash, {
      body: stored?.body ?? canonicalJson(definition),
      keepUntilMs: neededUntilMs + KEEP_STEP_MS,
    });
  }
  return plan;
}
