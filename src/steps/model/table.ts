import type { z } from 'zod';

import type { ModelKind } from '../../domain/model/model-call.ts';
import type { ModelStepKind } from '../../domain/definition/step-kinds.ts';
import { modelChat } from './chat.ts';
import { modelClassify } from './classify.ts';
import { modelEmbed } from './embed.ts';
import { modelImage } from './image.ts';
import { modelModerate } from './moderate.ts';
import type { ModelStep } from './port.ts';
import { modelRerank } from './rerank.ts';
import { modelSummarize } from './summarize.ts';
import { modelTranscribe } from './transcribe.ts';

/** Forgets a step's input type: the table's users parse with `input` before they call. */
function general<Input extends z.ZodType>(step: ModelStep<Input>): ModelStep {
  return {
    input: step.input,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- callers pass what `input` has parsed
    files: (input) => step.files?.(input as z.output<Input>) ?? [],
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- callers pass what `input` has parsed
    call: (input, setting) => step.call(input as z.output<Input>, setting),
    output: (reply, setting, kept) => step.output(reply, setting, kept),
  };
}

/** Every step kind that asks a model. */
export const modelSteps = {
  'model.chat': general(modelChat),
  'model.embed': general(modelEmbed),
  'model.classify': general(modelClassify),
  'model.rerank': general(modelRerank),
  'model.summarize': general(modelSummarize),
  'model.image': general(modelImage),
  'model.transcribe': general(modelTranscribe),
  'model.moderate': general(modelModerate),
} as const satisfies Record<ModelStepKind, ModelStep>;

/** What a provider must be able to do to serve a step. */
export const neededKind = {
  'model.chat': 'chat',
  'model.embed': 'embed',
  'model.classify': 'classify',
  'model.rerank': 'rerank',
  'model.summarize': 'summarize',
  'model.image': 'image',
  'model.transcribe': 'transcribe',
  'model.moderate': 'moderate',
} as const satisfies Record<ModelStepKind, ModelKind>;
