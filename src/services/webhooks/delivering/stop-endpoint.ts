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

/** Disables an endpoint whose receiver is gone for good (410), and pauses one that every try of days has failed at. */
export async function stopEndpoint(
  deps: StopDeps,
  endpoint: WebhookEndpoint,
  due: DueDelivery,
  { verdict }: TriedDelivery,
): Promise<void> {
  const { machine, endpoints, log } = deps;
  const nowMs = machine.nowMs();
  const failingForMs = nowMs - (due.failingSinceMs ?? nowMs);
  const stops = verdict === 'gone' || (verdict === 'again' && failingForMs >= deps.pauseAfterMs);
  if (!stops) return;
  const stop = verdict === 'gone' ? STOPS.disabled : STOPS.paused;
  const change = { from: 'active', to: stop.state, reason: stop.reason, atMs: nowMs } as const;
  if (!(await endpoints.moveState(endpoint, change))) return;
  const { project, id } = endpoint;
  const { state, reason } = stop;
  log('error', 'webhook.endpoint_stopped', { project, endpoint: id, state, reason });
  await tellStopped(deps, { ...endpoint, state, stateReason: reason, stateSinceMs: nowMs });
}

const STOPS = {
  disabled: { state: 'disabled', reason: 'gone', type: 'alert.webhook_endpoint_disabled' },
  paused: { state: 'paused', reason: 'failing', type: 'alert.webhook_endpoint_paused' },
} as const;

/**
 * Tells the project's other endpoints of one that was stopped by its deliveries. Whoever finds it stopped tells it again:
 * the one who stopped it may have died over it. The same stop is told once.
 */
export async function tellStopped(
  { announcements }: Pick<StopDeps, 'announcements'>,
  { project, id, url, state, stateReason, stateSinceMs }: WebhookEndpoint,
): Promise<void> {
  const stop = state === 'active' ? null : STOPS[state];
  if (stop === null || stateReason !== stop.reason) return;
  await announcements.announce(project, [
    {
      id: `evt_${id}_${state}_${stateSinceMs}`,
      type: stop.type,
      atMs: stateSinceMs,
      jobId: null,
      seq: null,
      data: { endpoint: id, url, reason: stop.reason },
    },
  ]);
}
