import type { ProjectId } from '../../domain/ids.ts';
import type { JobBirth } from '../../domain/job/job.ts';
import { isWanted, webhookEventTypes, type JobWebhook } from '../../domain/webhook.ts';
import { errorName, type Log } from '../ports/log.ts';
import type { WebhookEndpoints } from '../ports/webhooks.ts';

export type ToldAtOnceDeps = {
  /** Absent where nobody is told of jobs. */
  readonly webhookEndpoints?: Pick<WebhookEndpoints, 'list'>;
  readonly log?: Log;
};

const JOB_TYPES = webhookEventTypes.filter((type) => /^(job|step|review)\./.test(type));

/**
 * Types of a new job's events that somebody waits to hear of. Of a job that is born while this cannot be known, or before
 * an endpoint was made, receivers hear all the same, some seconds later.
 */
export async function toldAtOnce(
  { webhookEndpoints, log }: ToldAtOnceDeps,
  project: ProjectId,
  webhook: JobWebhook | undefined,
): Promise<Pick<JobBirth, 'tells'>> {
  const filters = [webhook?.events ?? []];
  try {
    const endpoints = (await webhookEndpoints?.list(project)) ?? [];
    const active = endpoints.filter(({ state }) => state === 'active');
    filters.push(...active.map(({ events }) => events));
  } catch (error) {
    log?.('warn', 'webhook.endpoints_unread', { project, error: errorName(error) });
  }
  const tells = JOB_TYPES.filter((type) => filters.some((filter) => isWanted(filter, type)));
  return tells.length === 0 ? {} : { tells };
}
