import type { Actor, Scope } from '../../domain/access.ts';
import { KEY_POINTER, refuseAt, type ServiceFailure } from '../result.ts';

/** The first line of every service: null when the actor may, else the refusal. */
export function missingScope(
  actor: Actor,
  scope: Scope,
): { readonly ok: false; readonly failure: ServiceFailure } | null {
  if (actor.scopes.has(scope)) return null;
  const has = [...actor.scopes].join(', ');
  return refuseAt(
    'forbidden',
    KEY_POINTER,
    `this key lacks the scope ${scope}; it has ${has === '' ? 'none' : has}. Use a key that has it, or have one made.`,
  );
}
