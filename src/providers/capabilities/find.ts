import type { Target } from '../../domain/job/attempt.ts';
import type { KnownCapabilities } from '../../domain/model/model-capabilities.ts';
import { openaiRows } from './openai.ts';
import { anthropicRows, googleRows, groqRows } from './others.ts';
import type { ModelRow } from './row.ts';

/** By provider, because a name means another deployment elsewhere: with other limits, or another model altogether. */
const rows: ReadonlyMap<string, readonly ModelRow[]> = new Map([
  ['openai', openaiRows],
  ['anthropic', anthropicRows],
  ['google', googleRows],
  ['groq', groqRows],
]);

/** What is known of a model; null for most, of which nothing is. */
export function capabilitiesOfModel({ provider, model }: Target): KnownCapabilities | null {
  const row = rows.get(provider)?.find(({ models }) => models.test(model));
  if (row === undefined) return null;
  const { models: _models, ...capabilities } = row;
  return capabilities;
}

/** Every row, for tests. */
export const capabilityRows: readonly (readonly [string, ModelRow])[] = [...rows].flatMap(
  ([provider, list]) => list.map((row) => [provider, row] as const),
);
