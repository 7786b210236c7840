import type { Actor } from '../../domain/access.ts';
import type { AuditEntry } from '../../domain/audit.ts';
import { missingScope } from '../access/require-scope.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import { pageOf, type Page } from '../page.ts';
import { done, type Result } from '../result.ts';

/** What administrators did, newest first: the root key sees all of it, a key with `admin` what concerns its project. */
export async function listAudit(
  { audit }: { readonly audit: Pick<AuditLog, 'list'> },
  actor: Actor,
  before: string | null,
  limit: number,
): Promise<Result<Page<AuditEntry>>> {
  const refused = missingScope(actor, 'admin');
  if (refused !== null) return refused;
  const project = actor.isRoot ? null : actor.project;
  const found = await audit.list({ project, before, limit: limit + 1 });
  return done(pageOf(found, limit, ({ id }) => id));
}
