import type { z } from 'zod';

import type { ParametersDefinition, PromptDefinition } from '../../domain/definition/definition.ts';
import type { Outcome } from '../../domain/job/failure.ts';
import type { FileId } from '../../domain/file.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import type { MediaRef } from '../../domain/model/media.ts';
import type { ModelCall, ModelReply } from '../../domain/model/model-call.ts';
import type { NamedFile } from './files.ts';

/** What a step's definition and its route add to the input of a model step. */
export type ModelSetting = {
  readonly model: string;
  /** Parameters of the target; they win over those of the step. */
  readonly parameters: ParametersDefinition;
  readonly prompt: PromptDefinition | null;
  /** The schema that the answer has to satisfy, when there is one. */
  readonly schema: JsonObject | null;
  /** The last answer and what was wrong with it, when the model is asked again. */
  readonly reAsk: { readonly rejected: Json; readonly problems: readonly string[] } | null;
  /** The files that the input names, found. */
  readonly media: ReadonlyMap<FileId, MediaRef>;
};

/** A file that the model made, as it is kept. */
export type KeptFile = {
  readonly file: FileId;
  readonly mime_type: string;
  readonly bytes: number;
  /** SHA-256 of the bytes, in hexadecimal. */
  readonly sha256: string;
  /** In pixels, where the bytes tell. */
  readonly width?: number;
  readonly height?: number;
};

/**
 * A step that asks a model: one neutral input and output, whatever the provider. Both functions are pure;
 * calling the model is the runner's business.
 */
export type ModelStep<Input extends z.ZodType = z.ZodType> = {
  /** What the step takes in `with`. */
  readonly input: Input;
  /** The files that the input names; they are found before `call`. */
  files?(input: z.output<Input>): readonly NamedFile[];
  call(input: z.output<Input>, setting: ModelSetting): Outcome<ModelCall>;
  /**
   * The step's output; a failure when the reply is not of the kind that was asked for. `kept` has the files that the
   * model made, in their order.
   */
  output(reply: ModelReply, setting: ModelSetting, kept: readonly KeptFile[]): Outcome<Json>;
};

/** A reply of the wrong kind: a defect in an adapter, told as a failure. */
export function wrongKind(expected: string): {
  readonly ok: false;
  readonly failure: { class: 'internal'; phase: 'finished'; message: string };
} {
  const message = `the provider's adapter did not return a ${expected} result`;
  return { ok: false, failure: { class: 'internal', phase: 'finished', message } };
}
