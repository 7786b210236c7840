import type { WebhookEndpoint } from '../../../domain/webhook.ts';
import type { Announcements } from '../../ports/announcements.ts';
import type { Log } from '../../ports/log.ts';
import type { Machine } from '../../ports/runtime.ts';
import type { DueDelivery, TriedDelivery, WebhookEndpoints } from '../../ports/webhooks.ts';

export type StopDeps = {
  readonly endpoints: Pick<WebhookEndpoints, 'moveState'>;
  readonly announcements: Announcements;
  /** An endpoint that nothing has reached for so long is paused. */
  readonly pauseAfterMs: number;
  readonly machine: Pick<Machine, 'nowMs'>;
  readonly log: Log;
};

/**
 * Disables an endpoint whose receiver is gone for good (410), and pauses one that every try of days has failed at. The
 * project's other endpoints are told first: dying in between repeats that, under the same id.
 */
export async function stopEndpoint(
  deps: StopDeps,
  endpoint: WebhookEndpoint,
  due: DueDelivery,
  { verdict }: TriedDelivery,
): Promise<void> {
  const { machine, announcements, endpoints, log } = deps;
  const nowMs = machine.nowMs();
  const failingForMs = nowMs - (due.failingSinceMs ?? nowMs);
  const stops = verdict === 'gone' || (verdict === 'again' && failingForMs >= deps.pauseAfterMs);
  if (!stops) return;
  const [to, reason] =
    verdict === 'gone' ? (['disabled', 'gone'] as const) : (['paused', 'failing'] as const);
  const { id, project, url, stateSinceMs } = endpoint;
  await announcements.announce(project, [
    {
      id: `evt_${id}_${to}_${stateSinceMs}`,
      type: to === 'disabled' ? 'alert.webhook_endpoint_disabled' : 'alert.webhook_endpoint_paused',
      atMs: nowMs,
      jobId: null,
      seq: null,
      data: { endpoint: id, url, reason, failing_for_ms: verdict === 'gone' ? null : failingForMs },
    },
  ]);
  const moved = await endpoints.moveState(endpoint, { from: 'active', to, reason, atMs: nowMs });
  if (moved) log('error', 'webhook.endpoint_stopped', { project, endpoint: id, state: to, reason });
}
