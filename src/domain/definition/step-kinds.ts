/** What a step may be: the names a pipeline's `uses` accepts. Stored in definitions: append, never rename. */

/** Steps that compute inside the Worker; the same input gives the same output. */
export const transformKinds = [
  'text.normalize',
  'text.redact',
  'text.chunk',
  'text.cite',
  'vector.nearest',
  'data.compose',
] as const;
export type TransformKind = (typeof transformKinds)[number];

/** Steps that ask a model, through a route. */
export const modelStepKinds = [
  'model.chat',
  'model.embed',
  'model.classify',
  'model.rerank',
  'model.summarize',
  'model.image',
  'model.transcribe',
  'model.moderate',
] as const;
export type ModelStepKind = (typeof modelStepKinds)[number];

/** Steps that reach out of the Worker and ask no model; doing one twice does no harm. */
export const effectKinds = ['file.fetch'] as const;
export type EffectKind = (typeof effectKinds)[number];

/** Steps that the engine itself carries out, or that another job does. */
const controlKinds = ['wait', 'pipeline'] as const;
export type ControlKind = (typeof controlKinds)[number];

export const stepKinds = [
  ...transformKinds,
  ...modelStepKinds,
  ...effectKinds,
  ...controlKinds,
] as const;
export type StepKind = (typeof stepKinds)[number];

const known: ReadonlySet<string> = new Set(stepKinds);

/** The only way a plain string becomes a `StepKind`. */
export function isStepKind(text: string): text is StepKind {
  return known.has(text);
}

/** True for steps that compute inside the Worker. */
export function isTransformKind(kind: StepKind): kind is TransformKind {
  return transformKinds.some((transform) => transform === kind);
}

/** True for steps that call a model through a route. */
export function isModelStepKind(kind: StepKind): kind is ModelStepKind {
  return modelStepKinds.some((model) => model === kind);
}

/** True for steps that reach out of the Worker and ask no model. */
export function isEffectKind(kind: StepKind): kind is EffectKind {
  return effectKinds.some((effect) => effect === kind);
}

/** True for steps that keep files of their job, which go with its payloads. */
export function keepsFiles(kind: StepKind): boolean {
  return isEffectKind(kind) || kind === 'model.image';
}
