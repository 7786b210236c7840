import type { ProjectId } from '../../../domain/ids.ts';
import { isWanted, type Announcement, type WebhookEndpoint } from '../../../domain/webhook.ts';
import type { Announcements } from '../../ports/announcements.ts';
import type {
  DeliveriesOf,
  DeliveryOrder,
  ToldEvents,
  WebhookEndpoints,
} from '../../ports/webhooks.ts';

export type AnnounceDeps = {
  readonly endpoints: Pick<WebhookEndpoints, 'list'>;
  readonly deliveriesOf: DeliveriesOf;
};

/** Orders that one call takes. */
const ORDERS_MAX = 200;

/** Tells a project's endpoints what they want to hear of. */
export function makeAnnouncements(deps: AnnounceDeps): Announcements {
  return {
    announce: (project, announcements) =>
      tellEndpoints(
        deps,
        project,
        () => announcements.map((announcement) => ({ announcement })),
        [],
      ),
  };
}

/**
 * As `announce`, with what is known of jobs: when they are erased, and what of their history was told. Most projects have
 * no endpoints: orders are made only for one that has.
 */
export async function tellEndpoints(
  { endpoints, deliveriesOf }: AnnounceDeps,
  project: ProjectId,
  ordersOf: () => readonly DeliveryOrder[],
  told: readonly ToldEvents[],
): Promise<void> {
  const known = await endpoints.list(project);
  if (known.length === 0) return;
  const orders = ordersOf();
  await Promise.all(
    known.map(async (endpoint) => {
      const wanted = orders.filter(({ announcement }) => wants(endpoint, announcement));
      const ranges = endpoint.ordered ? told : [];
      if (endpoint.state === 'disabled' || wanted.length + ranges.length === 0) return;
      const { id, state, ordered } = endpoint;
      const deliveries = deliveriesOf.endpoint(project, id);
      // What was told comes last: then everything that it tells of is stored.
      for (let start = ORDERS_MAX; start < wanted.length; start += ORDERS_MAX) {
        await deliveries.accept(wanted.slice(start, start + ORDERS_MAX), { state, ordered });
      }
      await deliveries.accept(wanted.slice(0, ORDERS_MAX), { state, ordered }, ranges);
    }),
  );
}

/** An endpoint that is stopped is told of by the others. */
function wants({ id, events }: WebhookEndpoint, { type, data }: Announcement): boolean {
  return isWanted(events, type) && !(type.startsWith('alert.webhook_') && data['endpoint'] === id);
}
