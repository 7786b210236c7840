import type { Actor } from '../../domain/access.ts';
import type { AuditAction } from '../../domain/audit.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { Machine } from '../ports/runtime.ts';
import type { Result } from '../result.ts';

export type AuditDeps = {
  readonly audit: Pick<AuditLog, 'add' | 'finish'>;
  readonly machine: Pick<Machine, 'newUuid' | 'nowMs'>;
};

export type Deed = {
  readonly action: AuditAction;
  /** What is acted on. */
  readonly subject: string;
  readonly reason?: string;
};

/** Carries out what an actor does within its project; the audit log has it before it takes effect. */
export async function audited<Value>(
  { audit, machine }: AuditDeps,
  actor: Actor,
  { action, subject, reason = '' }: Deed,
  work: () => Promise<Result<Value>>,
): Promise<Result<Value>> {
  const id = `aud_${machine.newUuid().replaceAll('-', '')}`;
  await audit.add({
    id,
    project: actor.project,
    actor: actor.id,
    action,
    subject,
    reason,
    outcome: 'begun',
    atMs: machine.nowMs(),
  });
  const result = await work();
  await audit.finish(id, result.ok ? 'done' : 'failed');
  return result;
}
