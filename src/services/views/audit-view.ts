import { z } from 'zod';

import { auditActions, auditOutcomes, type AuditEntry } from '../../domain/audit.ts';
import { isoTime } from '../../domain/wire.ts';

export const auditEntrySchema = z
  .object({
    object: z.literal('audit_entry'),
    id: z.string(),
    project: z
      .string()
      .nullable()
      .meta({ description: 'Null for what concerns the whole deployment' }),
    actor: z.string().meta({ description: '`root`, or the id of an API key' }),
    action: z.enum(auditActions),
    subject: z.string().meta({ description: 'What was acted on' }),
    reason: z.string(),
    outcome: z.enum(auditOutcomes).meta({
      description:
        'One that stays `begun` was cut off: it may have taken effect, and may be repeated',
    }),
    at: z.iso.datetime(),
  })
  .meta({ id: 'AuditEntry' });

export function auditEntryView({
  id,
  project,
  actor,
  action,
  subject,
  reason,
  outcome,
  atMs,
}: AuditEntry): z.infer<typeof auditEntrySchema> {
  return {
    object: 'audit_entry',
    id,
    project,
    actor,
    action,
    subject,
    reason,
    outcome,
    at: isoTime(atMs),
  };
}
