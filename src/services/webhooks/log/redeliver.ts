import type { Actor } from '../../../domain/access.ts';
import { shardOf } from '../../../domain/ids.ts';
import type { Delivery } from '../../../domain/webhook.ts';
import { missingScope } from '../../access/require-scope.ts';
import type { JobShards } from '../../ports/job-shard/job-shard.ts';
import type { DeliveryQuery } from '../../ports/webhooks.ts';
import { done, refuseAt, type Result } from '../../result.ts';
import { noSuchEndpoint } from '../endpoints/endpoint-deps.ts';
import { findDelivery, withUrl, type DeliveryDeps, type Place } from './find-deliveries.ts';

export type RedeliverDeps = DeliveryDeps & { readonly shards: JobShards };

const WHICH = '/path/delivery_id';

/** Delivers once more what was delivered or given up, with a schedule of its own. The `webhook-id` stays the same. */
export async function redeliverOne(
  deps: RedeliverDeps,
  actor: Actor,
  id: string,
): Promise<Result<Delivery>> {
  const refused = missingScope(actor, 'webhooks:write');
  if (refused !== null) return refused;
  const found = await findDelivery(deps, actor.project, id);
  if (!found.ok) return found;
  const { delivery, place } = found.value;
  const unfit =
    stateRefusal(delivery) ??
    (await erasedRefusal(deps, actor, delivery)) ??
    disabledRefusal(place);
  if (unfit !== null) return unfit;
  if ((await place.deliveries.redeliver({ kind: 'one', id })) === 0) return pending(delivery);
  return done(withUrl((await place.deliveries.get(id)) ?? delivery, place));
}

function stateRefusal(delivery: Delivery): Result<never> | null {
  switch (delivery.state) {
    case 'pending':
      return pending(delivery);
    case 'erased':
      return erased(delivery);
    case 'delivered':
    case 'failed':
      return null;
  }
}

function pending({ id }: Delivery): Result<never> {
  const message = `${id} is still pending and will be tried by itself; GET /v1/webhook-deliveries/${id} says when`;
  return refuseAt('conflict', WHICH, message);
}

function erased({ id, announcement }: Delivery): Result<never> {
  const which = announcement.jobId === null ? 'its job' : `its job ${announcement.jobId}`;
  const message = `${id} cannot be delivered again: ${which} has been erased, and nothing of it is told any more`;
  return refuseAt('job_erased', WHICH, message);
}

/** A job that is not in its shard any more has been erased, whether its deliveries have heard of it or not. */
async function erasedRefusal(
  { shards }: RedeliverDeps,
  { project }: Actor,
  delivery: Delivery,
): Promise<Result<never> | null> {
  const { jobId } = delivery.announcement;
  if (jobId === null) return null;
  const job = await shards.of(project, shardOf(jobId)).read({ jobId, include: [] });
  return job === null ? erased(delivery) : null;
}

function disabledRefusal({ endpoint }: Place): Result<never> | null {
  if (endpoint?.state === 'removed') {
    const message = `the endpoint ${endpoint.id} was deleted: its log can be read, and nothing is delivered to it any more`;
    return refuseAt('conflict', WHICH, message);
  }
  return endpoint?.state === 'disabled' ? disabled(endpoint.id, WHICH) : null;
}

function disabled(id: string, pointer: string): Result<never> {
  const message = `the endpoint ${id} is disabled; POST /v1/webhook-endpoints/${id}/resume first`;
  return refuseAt('conflict', pointer, message);
}

export type Redelivered = {
  readonly count: number;
  /** True when there may be more than one request takes. */
  readonly hasMore: boolean;
};

/** What a receiver's deliveries take at once. */
const REDELIVERED_MAX = 1_000;

/** Delivers once more all that an endpoint's log has of a kind; what is pending or erased is left out. */
export async function redeliverAll(
  deps: DeliveryDeps,
  actor: Actor,
  endpointId: string,
  query: Omit<DeliveryQuery, 'before' | 'limit'>,
): Promise<Result<Redelivered>> {
  const refused = missingScope(actor, 'webhooks:write');
  if (refused !== null) return refused;
  const { project } = actor;
  const endpoint = await deps.webhookEndpoints.get(project, endpointId);
  if (endpoint === null) return noSuchEndpoint(endpointId, '/endpoint');
  if (endpoint.state === 'disabled') return disabled(endpointId, '/endpoint');
  const deliveries = deps.deliveriesOf.endpoint(project, endpointId);
  const count = await deliveries.redeliver({ kind: 'all', query });
  return done({ count, hasMore: count >= REDELIVERED_MAX });
}
