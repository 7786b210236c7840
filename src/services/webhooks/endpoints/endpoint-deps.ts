import type { Actor, Scope } from '../../../domain/access.ts';
import type { ProjectId } from '../../../domain/ids.ts';
import type { WebhookEndpoint } from '../../../domain/webhook.ts';
import { missingScope } from '../../access/require-scope.ts';
import type { AuditDeps } from '../../audit/audited.ts';
import { errorName, type Log } from '../../ports/log.ts';
import type { DeliveriesOf, WebhookEndpoints } from '../../ports/webhooks.ts';
import type { Machine } from '../../ports/runtime.ts';
import { done, refuse, refuseAt, type Result } from '../../result.ts';
import type { ProjectSecrets } from '../project-secrets.ts';
import type { WebhookUrls } from './webhook-urls.ts';

export type EndpointDeps = AuditDeps & {
  readonly webhookEndpoints: WebhookEndpoints;
  /** The most endpoints of a project. */
  readonly webhookEndpointsMax: number;
  /** Null without a `SIGNING_SECRET`. */
  readonly projectSecrets: ProjectSecrets | null;
  readonly webhookUrls: WebhookUrls;
  readonly deliveriesOf: DeliveriesOf;
  readonly machine: Machine;
  readonly log: Log;
};

/** An endpoint of the actor's project, for an actor that may see or change it. */
export async function ownEndpoint(
  { webhookEndpoints }: Pick<EndpointDeps, 'webhookEndpoints'>,
  actor: Actor,
  scope: Scope,
  id: string,
): Promise<Result<WebhookEndpoint>> {
  const refused = missingScope(actor, scope);
  if (refused !== null) return refused;
  const endpoint = await webhookEndpoints.get(actor.project, id);
  return endpoint === null ? noSuchEndpoint(id) : done(endpoint);
}

export function noSuchEndpoint(id: string, pointer = '/path/endpoint_id'): Result<never> {
  const message = `there is no webhook endpoint ${JSON.stringify(id.slice(0, 80))} in this project; GET /v1/webhook-endpoints lists them`;
  return refuseAt('not_found', pointer, message);
}

/** Secrets are kept, and jobs' own webhooks signed, under the deployment's secret. */
export function unsignable(
  { projectSecrets }: Pick<EndpointDeps, 'projectSecrets'>,
  pointer = '/',
) {
  if (projectSecrets !== null) return null;
  const message =
    'this deployment has no SIGNING_SECRET of 32 characters or more, without which nothing can be signed; have its operator set one';
  return refuseAt('unprocessable', pointer, message);
}

export function noAnswer(what: string): Result<never> {
  const message = `${what} did not answer; send the request again, which does no harm`;
  return refuse('unavailable', message, { retryAfterMs: 1_000 });
}

/** Tells an endpoint's deliveries how it stands now; false when they did not answer. */
export async function tellDeliveries(
  { deliveriesOf, log }: Pick<EndpointDeps, 'deliveriesOf' | 'log'>,
  { project, id }: { readonly project: ProjectId; readonly id: string },
  seen: Pick<WebhookEndpoint, 'state' | 'ordered'>,
): Promise<boolean> {
  try {
    await deliveriesOf.endpoint(project, id).changed({ state: seen.state, ordered: seen.ordered });
    return true;
  } catch (error) {
    log('warn', 'webhook.change_untold', { project, endpoint: id, error: errorName(error) });
    return false;
  }
}
