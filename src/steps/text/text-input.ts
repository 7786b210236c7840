import { z } from 'zod';

import type { Failure, Violation } from '../../domain/job/failure.ts';
import {
  identityMap,
  type SourceMap,
  sourceMapProblem,
  sourceMapSchema,
  TEXT_CHARS_MAX,
} from './source-map.ts';

/** What every step that takes a text takes. */
export const textField = z
  .string()
  .max(TEXT_CHARS_MAX, `must be at most ${TEXT_CHARS_MAX.toLocaleString('en')} characters`);

/** The text's `source_map`, as an earlier step put it out; absent, the text is its own source. */
export const sourceMapField = sourceMapSchema.optional();

type Refusal = { readonly ok: false; readonly failure: Failure };

/** An input that the schema accepts and the step cannot use. The message never quotes the payload. */
export function refuseInput(message: string, violations?: readonly Violation[]): Refusal {
  const failure: Failure = { class: 'step_input_invalid', phase: 'not_sent', message };
  return { ok: false, failure: violations === undefined ? failure : { ...failure, violations } };
}

/** The given map, checked against its text. */
export function readSourceMap(
  text: string,
  given: SourceMap | undefined,
): { readonly ok: true; readonly value: SourceMap } | Refusal {
  if (given === undefined) return { ok: true, value: identityMap(text.length) };
  const problem = sourceMapProblem(given, text.length);
  if (problem === null) return { ok: true, value: given };
  return refuseInput(
    `the source_map does not belong to this text: ${problem}; pass the text and the source_map of the same step`,
    [{ pointer: '/source_map', code: 'source_map', message: problem }],
  );
}
