import type { Actor } from '../../../domain/access.ts';
import type { EndpointState, WebhookEndpoint } from '../../../domain/webhook.ts';
import { audited } from '../../audit/audited.ts';
import { done, refuseAt, type Result } from '../../result.ts';
import {
  noAnswer,
  noSuchEndpoint,
  ownEndpoint,
  tellDeliveries,
  type EndpointDeps,
} from './endpoint-deps.ts';

/** Holds what is due from now on, until the endpoint is resumed. Both may be repeated. */
export async function pauseEndpoint(
  deps: EndpointDeps,
  actor: Actor,
  id: string,
): Promise<Result<WebhookEndpoint>> {
  const found = await ownEndpoint(deps, actor, 'webhooks:write', id);
  if (!found.ok) return found;
  if (found.value.state === 'disabled') {
    const message = `${id} is disabled (${found.value.stateReason ?? 'its receiver asked for it'}) and receives nothing anyway; resume it, or delete it`;
    return refuseAt('conflict', '/path/endpoint_id', message);
  }
  return move(deps, actor, found.value, 'paused');
}

/** Lets an endpoint receive again, whoever stopped it: what was held is due at once. */
export async function resumeEndpoint(
  deps: EndpointDeps,
  actor: Actor,
  id: string,
): Promise<Result<WebhookEndpoint>> {
  const found = await ownEndpoint(deps, actor, 'webhooks:write', id);
  return found.ok ? move(deps, actor, found.value, 'active') : found;
}

const DEEDS = {
  paused: { action: 'webhook_endpoint.pause', reason: 'paused_by_user' },
  active: { action: 'webhook_endpoint.resume', reason: null },
} as const;

/** An endpoint that is there already is told once more: the first time may have been cut off in between. */
async function move(
  deps: EndpointDeps,
  actor: Actor,
  seen: WebhookEndpoint,
  to: Exclude<EndpointState, 'disabled'>,
): Promise<Result<WebhookEndpoint>> {
  const { action, reason } = DEEDS[to];
  return audited(deps, actor, { action, subject: seen.id }, async () => {
    const change = { from: seen.state, to, reason, atMs: deps.machine.nowMs() };
    const moved = seen.state === to || (await deps.webhookEndpoints.moveState(seen, change));
    const now = await deps.webhookEndpoints.get(actor.project, seen.id);
    if (now === null) return noSuchEndpoint(seen.id);
    if (!moved && now.state !== to) return changedMeanwhile(now);
    return (await tellDeliveries(deps, now, now))
      ? done(now)
      : noAnswer('the deliveries of the endpoint');
  });
}

function changedMeanwhile({ id, state }: WebhookEndpoint): Result<never> {
  const message = `${id} has become ${state} in the meantime; look at it, and send the request again if you still want it`;
  return refuseAt('conflict', '/path/endpoint_id', message);
}
