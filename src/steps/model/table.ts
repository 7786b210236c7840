import type { z } from 'zod';

import type { ModelKind } from '../../domain/model-call.ts';
import type { ModelStepKind } from '../../domain/step-kinds.ts';
import { modelChat } from './chat.ts';
import { modelClassify } from './classify.ts';
import { modelEmbed } from './embed.ts';
import type { ModelStep } from './port.ts';
import { modelRerank } from './rerank.ts';
import { modelSummarize } from './summarize.ts';

/** Forgets a step's input type: the table's users parse with `input` before they call. */
function general<Input extends z.ZodType>(step: ModelStep<Input>): ModelStep {
  return {
    input: step.input,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- callers pass what `input` has parsed
    call: (input, setting) => step.call(input as z.output<Input>, setting),
    output: (reply, setting) => step.output(reply, setting),
  };
}

/** Every step kind that asks a model. */
export const modelSteps = {
  'model.chat': general(modelChat),
  'model.embed': general(modelEmbed),
  'model.classify': general(modelClassify),
  'model.rerank': general(modelRerank),
  'model.summarize': general(modelSummarize),
} as const satisfies Record<ModelStepKind, ModelStep>;

/** What a provider must be able to do to serve a step. */
export const neededKind = {
  'model.chat': 'chat',
  'model.embed': 'embed',
  'model.classify': 'classify',
  'model.rerank': 'rerank',
  'model.summarize': 'summarize',
} as const satisfies Record<ModelStepKind, ModelKind>;
