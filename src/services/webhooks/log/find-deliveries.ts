import type { Actor } from '../../../domain/access.ts';
import type { ProjectId } from '../../../domain/ids.ts';
import type { Delivery, WebhookEndpoint } from '../../../domain/webhook.ts';
import { missingScope } from '../../access/require-scope.ts';
import type {
  Deliveries,
  DeliveriesOf,
  DeliveryQuery,
  RemovedEndpoint,
  WebhookEndpoints,
} from '../../ports/webhooks.ts';
import type { Machine } from '../../ports/runtime.ts';
import { pageOf, type Page } from '../../page.ts';
import { done, refuseAt, type Result } from '../../result.ts';
import { noSuchEndpoint } from '../endpoints/endpoint-deps.ts';
import { DELIVERY_KEPT_MS, REMOVED_ENDPOINTS_MAX } from '../schedule.ts';

export type DeliveryDeps = {
  readonly webhookEndpoints: Pick<WebhookEndpoints, 'list' | 'get' | 'removed'>;
  readonly deliveriesOf: DeliveriesOf;
  readonly machine: Pick<Machine, 'nowMs'>;
};

/** What a filter says instead of an endpoint for jobs' own webhooks. */
export const OF_JOBS = 'jobs';

export type DeliveryFilter = Omit<DeliveryQuery, 'limit'> & {
  /** The id of an endpoint, or `jobs`; everything if absent. */
  readonly endpoint?: string | undefined;
};

/** Where deliveries of a project lie; the endpoint is null for jobs' own webhooks. */
export type Place = {
  readonly endpoint:
    | Pick<WebhookEndpoint, 'id' | 'url' | 'state'>
    | (RemovedEndpoint & { readonly state: 'removed' })
    | null;
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

/** An id does not say where its delivery lies: every place of the project is asked, then those of endpoints that were removed. */
export async function findDelivery(
  deps: DeliveryDeps,
  project: ProjectId,
  id: string,
): Promise<Result<FoundDelivery>> {
  if (/^whd_[0-9a-f]{32}$/.test(id)) {
    for (const places of [placesOfAll, removedPlaces]) {
      const found = await findIn(await places(deps, project), id);
      if (found !== null) return done(found);
    }
  }
  const message = `there is no delivery ${JSON.stringify(id.slice(0, 80))} in this project, or none any more: the log goes back 30 days; GET /v1/webhook-deliveries lists them`;
  return refuseAt('not_found', '/path/delivery_id', message);
}

async function findIn(places: readonly Place[], id: string): Promise<FoundDelivery | null> {
  const asked = await Promise.all(
    places.map(async (place) => ({ place, delivery: await place.deliveries.get(id) })),
  );
  for (const { place, delivery } of asked) if (delivery !== null) return { place, delivery };
  return null;
}

async function placesOf(
  deps: DeliveryDeps,
  project: ProjectId,
  endpoint?: string,
): Promise<Result<readonly Place[]>> {
  if (endpoint === undefined) return done(await placesOfAll(deps, project));
  if (endpoint === OF_JOBS) return done(placesOfJobs(deps, project));
  const known = await deps.webhookEndpoints.get(project, endpoint);
  if (known !== null) return done([placeOf(deps, project, known)]);
  const removed = await removedPlaces(deps, project);
  const [found] = removed.filter((place) => place.endpoint?.id === endpoint);
  return found === undefined ? noSuchEndpoint(endpoint, '/query/endpoint') : done([found]);
}

async function placesOfAll(deps: DeliveryDeps, project: ProjectId): Promise<Place[]> {
  const known = await deps.webhookEndpoints.list(project);
  const ofEndpoints = known.map((endpoint) => placeOf(deps, project, endpoint));
  return [...ofEndpoints, ...placesOfJobs(deps, project)];
}

function placesOfJobs({ deliveriesOf }: DeliveryDeps, project: ProjectId): Place[] {
  return deliveriesOf.ofJobs(project).map((deliveries) => ({ endpoint: null, deliveries }));
}

async function removedPlaces(deps: DeliveryDeps, project: ProjectId): Promise<Place[]> {
  const sinceMs = deps.machine.nowMs() - DELIVERY_KEPT_MS;
  const removed = await deps.webhookEndpoints.removed(project, sinceMs, REMOVED_ENDPOINTS_MAX);
  return removed.map((each) => placeOf(deps, project, { ...each, state: 'removed' }));
}

function placeOf(
  { deliveriesOf }: DeliveryDeps,
  project: ProjectId,
  endpoint: NonNullable<Place['endpoint']>,
): Place {
  return { endpoint, deliveries: deliveriesOf.endpoint(project, endpoint.id) };
}
