import type { Actor } from '../../../domain/access.ts';
import type { WebhookEndpoint } from '../../../domain/webhook.ts';
import { missingScope } from '../../access/require-scope.ts';
import { audited } from '../../audit/audited.ts';
import { done, type Result } from '../../result.ts';
import {
  noAnswer,
  noSuchEndpoint,
  ownEndpoint,
  tellDeliveries,
  unsignable,
  type EndpointDeps,
} from './endpoint-deps.ts';
import type { EndpointChange } from './endpoint-input.ts';

export async function listEndpoints(
  { webhookEndpoints }: Pick<EndpointDeps, 'webhookEndpoints'>,
  actor: Actor,
): Promise<Result<readonly WebhookEndpoint[]>> {
  return missingScope(actor, 'webhooks:read') ?? done(await webhookEndpoints.list(actor.project));
}

export function getEndpoint(
  deps: Pick<EndpointDeps, 'webhookEndpoints'>,
  actor: Actor,
  id: string,
): Promise<Result<WebhookEndpoint>> {
  return ownEndpoint(deps, actor, 'webhooks:read', id);
}

/** Replaces the fields that are given. What is pending is delivered by the new ones. */
export async function changeEndpoint(
  deps: EndpointDeps,
  actor: Actor,
  id: string,
  change: EndpointChange,
): Promise<Result<WebhookEndpoint>> {
  const found = await ownEndpoint(deps, actor, 'webhooks:write', id);
  if (!found.ok) return found;
  const { url } = change;
  const refused =
    (change.headers === undefined ? null : unsignable(deps)) ??
    (url === undefined ? null : await deps.webhookUrls.refusal(url, '/url'));
  if (refused !== null) return refused;
  const reason = `changed ${Object.keys(change).join(', ')}`;
  const deed = { action: 'webhook_endpoint.change', subject: id, reason } as const;
  return audited(deps, actor, deed, async () => {
    const changed = await deps.webhookEndpoints.change(found.value, given(change));
    if (!changed) return noSuchEndpoint(id);
    const now = await deps.webhookEndpoints.get(actor.project, id);
    if (now === null) return noSuchEndpoint(id);
    const told = change.ordered === undefined || (await tellDeliveries(deps, now, now));
    return told ? done(now) : noAnswer('the deliveries of the endpoint');
  });
}

/** Fields that are undefined are absent. */
function given(change: EndpointChange): Parameters<EndpointDeps['webhookEndpoints']['change']>[1] {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}

/** What is pending is given up: deliveries find out by themselves if they cannot be told. */
export async function deleteEndpoint(
  deps: EndpointDeps,
  actor: Actor,
  id: string,
): Promise<Result<null>> {
  const found = await ownEndpoint(deps, actor, 'webhooks:write', id);
  if (!found.ok) return found;
  const deed = { action: 'webhook_endpoint.delete', subject: id } as const;
  return audited(deps, actor, deed, async () => {
    const { project } = actor;
    const nowMs = deps.machine.nowMs();
    if (!(await deps.webhookEndpoints.remove(project, id, nowMs))) return noSuchEndpoint(id);
    await tellDeliveries(deps, { project, id }, { ...found.value, state: 'disabled' });
    return done(null);
  });
}
