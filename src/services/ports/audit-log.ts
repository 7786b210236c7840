import type { AuditEntry, AuditOutcome } from '../../domain/audit.ts';
import type { ProjectId } from '../../domain/ids.ts';

type AuditFilter = {
  /** Only what concerns this project; null for the whole log. */
  readonly project: ProjectId | null;
  /** Only entries older than the one with this id. */
  readonly before: string | null;
  readonly limit: number;
};

/** What administrators did. */
export type AuditLog = {
  add(entry: AuditEntry): Promise<void>;
  /** Says how an action ended. */
  finish(id: string, outcome: AuditOutcome): Promise<void>;
  /** Newest first. */
  list(filter: AuditFilter): Promise<readonly AuditEntry[]>;
};
