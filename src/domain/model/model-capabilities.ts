/** What a model can do, beside what its provider can be told. What is absent is not known, and stands in nobody's way. */
export type ModelCapabilities = {
  /** The longest prompt and answer together, in tokens. */
  readonly contextTokens?: number;
  /** The longest answer, in tokens. */
  readonly outputTokensMax?: number;
  /** What messages may hold. */
  readonly inputs?: readonly InputKind[];
  /** Whether it can be held to a JSON Schema. */
  readonly jsonSchema?: boolean;
  readonly tools?: boolean;
  /** Parameters that it refuses, by their names in calls; a temperature of 1 is none. */
  readonly refuses?: readonly ('temperature' | 'topP' | 'stop' | 'seed' | 'reasoningEffort')[];
};

export type InputKind = 'text' | 'image' | 'audio' | 'document';

/** Capabilities with where they are written down, and when that was read. */
export type KnownCapabilities = ModelCapabilities & {
  readonly source: string;
  readonly readOn: string;
};
