import type { StoredValue } from '../../../domain/job/stored-value.ts';
import type { Json } from '../../../domain/json.ts';
import type { Path } from '../../../engine/expression/path.ts';

/** How values travel between a runner and a shard. */

/** A payload on its way: in the message itself, or as an object in R2. */
export type PayloadOnTheWay = { readonly stored: StoredValue; readonly value?: Json };

/** The value at a place, or how to get it. */
export type ResolvedRead = { readonly path: Path } & (
  | { readonly kind: 'value'; readonly value: Json }
  | { readonly kind: 'absent' }
  /** In an R2 object, at `below` inside it. */
  | { readonly kind: 'object'; readonly object: StoredValue; readonly below: Path }
  /** A map's output: one part an item. */
  | { readonly kind: 'list'; readonly parts: readonly ListPart[]; readonly below: Path }
);

export type ListPart = { readonly value: Json } | { readonly object: StoredValue };
