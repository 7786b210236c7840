import type { ProjectId } from './ids.ts';

/** What administrators may do that is written down. Stored: append, never rename. */
export const auditActions = [
  'target.close',
  'target.open',
  'webhook_endpoint.create',
  'webhook_endpoint.change',
  'webhook_endpoint.delete',
  'webhook_endpoint.rotate_secret',
  'webhook_endpoint.pause',
  'webhook_endpoint.resume',
  'webhook_signing_secret.read',
  'budget.create',
  'budget.change',
  'budget.delete',
] as const;
export type AuditAction = (typeof auditActions)[number];

/** An action is written down before it is carried out: one that stays `begun` may have taken effect or not. */
export const auditOutcomes = ['begun', 'done', 'failed'] as const;
export type AuditOutcome = (typeof auditOutcomes)[number];

export type AuditEntry = {
  /** Sorts by the moment. */
  readonly id: string;
  /** Null for what concerns the whole deployment. */
  readonly project: ProjectId | null;
  /** `root`, or the id of an API key. */
  readonly actor: string;
  readonly action: AuditAction;
  /** What was acted on, such as a target's name. */
  readonly subject: string;
  /** In the words of whoever did it. */
  readonly reason: string;
  readonly outcome: AuditOutcome;
  readonly atMs: number;
};
