import type { TransformKind } from '../domain/definition/step-kinds.ts';
import { dataCompose } from './data/compose.ts';
import type { TransformStep } from './port.ts';
import { textChunk } from './text/chunk.ts';
import { textCite } from './text/cite.ts';
import { textNormalize } from './text/normalize.ts';
import { textRedact } from './text/redact.ts';
import { vectorNearest } from './vector/nearest.ts';

/** Every deterministic step by its name in `uses`. */
export const transforms = {
  'text.normalize': textNormalize,
  'text.redact': textRedact,
  'text.chunk': textChunk,
  'text.cite': textCite,
  'vector.nearest': vectorNearest,
  'data.compose': dataCompose,
} as const satisfies Record<TransformKind, TransformStep>;
