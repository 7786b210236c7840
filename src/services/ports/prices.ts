import type { ProjectId } from '../../domain/ids.ts';
import type { ProjectPrice } from '../../domain/model/price.ts';

export type PutPrice =
  | { readonly kind: 'stored' }
  /** Another price of the same models holds for a part of the same time; nothing was stored. */
  | { readonly kind: 'overlap'; readonly other: ProjectPrice };

/** What projects pay instead of list prices. */
export type Prices = {
  /** All of them, also of the past and the future, by provider, model, execution and time. */
  list(project: ProjectId): Promise<readonly ProjectPrice[]>;
  /** Adds a price, or replaces the one of the same models that begins at the same time. */
  put(project: ProjectId, price: ProjectPrice): Promise<PutPrice>;
  /** False when there is none. */
  delete(project: ProjectId, id: string): Promise<boolean>;
};
