import type { Actor } from '../../domain/access.ts';
import {
  CONCURRENCY_KEY_CHARACTERS_MAX,
  type JobFlow,
  type Priority,
} from '../../domain/job/flow.ts';
import type { Json } from '../../domain/json.ts';
import type { Concurrency } from '../../engine/plan/concurrency.ts';
import { fillTemplate } from '../../engine/expression/template.ts';
import type { FoundPipeline } from '../pipelines/find-pipeline.ts';
import { done, refuse, type Result } from '../result.ts';

export type FlowOptions = {
  readonly input: Json;
  readonly metadata: Readonly<Record<string, string>>;
  /** What the request says; the pipeline's own, or `normal`, if it says nothing. */
  readonly priority: Priority | null;
  readonly projectLimit: number | null;
};

/** The limit on an actor's project: its own, or the one for all projects; null for none. */
export function projectLimitOf(
  { maxConcurrentJobs }: Actor,
  deploymentLimit: number | null | undefined,
): number | null {
  return maxConcurrentJobs ?? deploymentLimit ?? null;
}

/** The limits that a job is to be born under; null without any. */
export function jobFlow(
  { version, plan }: FoundPipeline,
  { input, metadata, priority, projectLimit }: FlowOptions,
): Result<JobFlow | null> {
  const { concurrency } = plan;
  if (concurrency === null && projectLimit === null) return done(null);
  const key =
    concurrency === null ? done(null) : flowKey(version.name, concurrency, input, metadata);
  if (!key.ok) return key;
  return done({
    key: key.value,
    keyLimit: concurrency?.limit ?? null,
    projectLimit,
    priority: priority ?? plan.definition.priority ?? 'normal',
  });
}

/** The pipeline's name, and the key's value behind it: no pipeline counts under another's key. */
function flowKey(
  pipeline: string,
  { key }: Concurrency,
  input: Json,
  metadata: FlowOptions['metadata'],
): Result<string> {
  if (key === null) return done(pipeline);
  const filled = fillTemplate(key.template, { input, metadata: { ...metadata } }, 'fail');
  if (!filled.ok) return badKey(key.source, filled.message);
  const { value } = filled;
  if (value === null || typeof value === 'object') {
    const kind = Array.isArray(value) ? 'a list' : value === null ? 'null' : 'an object';
    return badKey(key.source, `it gives ${kind}; a key is a text, a number or a truth value`);
  }
  const text = String(value);
  if (text.length > CONCURRENCY_KEY_CHARACTERS_MAX) {
    const message = `it gives ${text.length} characters; a key has at most ${CONCURRENCY_KEY_CHARACTERS_MAX}`;
    return badKey(key.source, message);
  }
  return done(`${pipeline}:${text}`);
}

function badKey(source: string, why: string): Result<never> {
  const message = `this job has no key for the pipeline's concurrency, \`${source}\`: ${why}. Mend the input or the metadata that it reads`;
  return refuse('input_invalid', message, {
    violations: [{ pointer: '/input', code: 'concurrency_key', message }],
  });
}
