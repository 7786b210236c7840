import type { Json, JsonObject } from '../../../../src/domain/json.ts';

/** A schema with values that satisfy it and values that do not. */
export type Case = {
  readonly schema: JsonObject;
  readonly good: readonly Json[];
  readonly bad: readonly Json[];
};

export type CaseTable = Readonly<Record<string, Case>>;
