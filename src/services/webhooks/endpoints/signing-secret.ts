import type { Actor } from '../../../domain/access.ts';
import { missingScope } from '../../access/require-scope.ts';
import { audited } from '../../audit/audited.ts';
import { done, type Result } from '../../result.ts';
import { unsignable, type EndpointDeps } from './endpoint-deps.ts';

/** What verifies jobs' own webhooks of the project, the newest first. Whoever has it can sign in our name: administrators only. */
export async function readSigningSecrets(
  deps: Pick<EndpointDeps, 'projectSecrets' | 'audit' | 'machine'>,
  actor: Actor,
): Promise<Result<readonly string[]>> {
  const refused = missingScope(actor, 'admin') ?? unsignable(deps);
  if (refused !== null) return refused;
  const deed = { action: 'webhook_signing_secret.read', subject: actor.project } as const;
  return audited(deps, actor, deed, async () =>
    done((await deps.projectSecrets?.(actor.project)) ?? []),
  );
}
