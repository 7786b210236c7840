import type { Actor } from '../../../domain/access.ts';
import type { ProjectId } from '../../../domain/ids.ts';
import type { Delivery, WebhookEndpoint } from '../../../domain/webhook.ts';
import { missingScope } from '../../access/require-scope.ts';
import type {
  Deliveries,
  DeliveriesOf,
  DeliveryQuery,
  WebhookEndpoints,
} from '../../ports/webhooks.ts';
import { pageOf, type Page } from '../../page.ts';
import { done, refuseAt, type Result } from '../../result.ts';
import { noSuchEndpoint } from '../endpoints/endpoint-deps.ts';

export type DeliveryDeps = {
  readonly webhookEndpoints: Pick<WebhookEndpoints, 'list' | 'get'>;
  readonly deliveriesOf: DeliveriesOf;
};

/** What a filter says instead of an endpoint for jobs' own webhooks. */
export const OF_JOBS = 'jobs';

export type DeliveryFilter = Omit<DeliveryQuery, 'limit'> & {
  /** The id of an endpoint, or `jobs`; everything if absent. */
  readonly endpoint?: string | undefined;
};

/** Where deliveries of a project lie; the endpoint is null for jobs' own webhooks. */
export type Place = {
  readonly endpoint: Pick<WebhookEndpoint, 'id' | 'url' | 'state'> | null;
  readonly deliveries: Deliveries;
};

/** Newest first: every place is asked for its newest, and the newest of all are the page. */
export async function listDeliveries(
  deps: DeliveryDeps,
  actor: Actor,
  { endpoint, ...filter }: DeliveryFilter,
  limit: number,
): Promise<Result<Page<Delivery>>> {
  const refused = missingScope(actor, 'webhooks:read');
  if (refused !== null) return refused;
  const places = await placesOf(deps, actor.project, endpoint);
  if (!places.ok) return places;
  const query = { ...filter, limit: limit + 1 };
  const found = await Promise.all(
    places.value.map(async (place) => {
      const listed = await place.deliveries.list(query);
      return listed.map((delivery) => withUrl(delivery, place));
    }),
  );
  // Ids begin with their moment, and are all of the same length.
  const newest = found.flat().toSorted((left, right) => (left.id < right.id ? 1 : -1));
  return done(pageOf(newest, limit, ({ id }) => id));
}

export async function getDelivery(
  deps: DeliveryDeps,
  actor: Actor,
  id: string,
): Promise<Result<Delivery>> {
  const refused = missingScope(actor, 'webhooks:read');
  if (refused !== null) return refused;
  const found = await findDelivery(deps, actor.project, id);
  return found.ok ? done(withUrl(found.value.delivery, found.value.place)) : found;
}

/** An endpoint's deliveries go to whatever URL it has by then. */
export function withUrl(delivery: Delivery, { endpoint }: Place): Delivery {
  return { ...delivery, url: delivery.url ?? endpoint?.url ?? null };
}

export type FoundDelivery = { readonly delivery: Delivery; readonly place: Place };

/** An id does not say where its delivery lies: every place of the project is asked. */
export async function findDelivery(
  deps: DeliveryDeps,
  project: ProjectId,
  id: string,
): Promise<Result<FoundDelivery>> {
  const places = /^whd_[0-9a-f]{32}$/.test(id) ? await placesOf(deps, project) : done([]);
  if (!places.ok) return places;
  const asked = await Promise.all(
    places.value.map(async (place) => ({ place, delivery: await place.deliveries.get(id) })),
  );
  for (const { place, delivery } of asked) if (delivery !== null) return done({ place, delivery });
  const message = `there is no delivery ${JSON.stringify(id.slice(0, 80))} in this project, or none any more: the log goes back 30 days, and goes with its endpoint; GET /v1/webhook-deliveries lists them`;
  return refuseAt('not_found', '/path/delivery_id', message);
}

async function placesOf(
  { webhookEndpoints, deliveriesOf }: DeliveryDeps,
  project: ProjectId,
  endpoint?: string,
): Promise<Result<readonly Place[]>> {
  const ofJobs = (): Place[] =>
    deliveriesOf.ofJobs(project).map((deliveries) => ({ endpoint: null, deliveries }));
  const ofEndpoint = (of: WebhookEndpoint): Place => ({
    endpoint: of,
    deliveries: deliveriesOf.endpoint(project, of.id),
  });
  if (endpoint === OF_JOBS) return done(ofJobs());
  if (endpoint === undefined) {
    const known = await webhookEndpoints.list(project);
    return done([...known.map(ofEndpoint), ...ofJobs()]);
  }
  const found = await webhookEndpoints.get(project, endpoint);
  return found === null ? noSuchEndpoint(endpoint, '/query/endpoint') : done([ofEndpoint(found)]);
}
