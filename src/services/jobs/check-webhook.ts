import type { JobWebhook } from '../../domain/webhook.ts';
import type { Result } from '../result.ts';
import { unsignable } from '../webhooks/endpoints/endpoint-deps.ts';
import type { WebhookUrls } from '../webhooks/endpoints/webhook-urls.ts';
import type { ProjectSecrets } from '../webhooks/project-secrets.ts';

export type WebhookDeps = {
  /** Null without a `SIGNING_SECRET`; both are absent where jobs are made that have no webhooks of their own. */
  readonly projectSecrets?: ProjectSecrets | null | undefined;
  readonly webhookUrls?: WebhookUrls | undefined;
};

/** Null for a webhook of a job that can be signed and may be called. */
export async function webhookRefusal(
  { projectSecrets = null, webhookUrls }: WebhookDeps,
  webhook: JobWebhook | null | undefined,
): Promise<Result<never> | null> {
  if (webhook === undefined || webhook === null || webhookUrls === undefined) return null;
  return (
    unsignable({ projectSecrets }, '/webhook') ??
    webhookUrls.refusalInHaste(webhook.url, '/webhook/url')
  );
}
