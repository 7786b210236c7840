import type { Actor } from '../../../domain/access.ts';
import type { Delivery, WebhookEndpoint } from '../../../domain/webhook.ts';
import { done, refuseAt, type Result } from '../../result.ts';
import { noAnswer, ownEndpoint, type EndpointDeps } from './endpoint-deps.ts';

/** Other tests may have been asked for at the same moment. */
const TESTS_LOOKED_AT = 20;

/** Delivers a `webhook.test` now, whatever the endpoint's filter says; what came of it is read with the delivery. */
export async function testEndpoint(
  deps: EndpointDeps,
  actor: Actor,
  id: string,
): Promise<Result<Delivery>> {
  const found = await ownEndpoint(deps, actor, 'webhooks:write', id);
  if (!found.ok) return found;
  const { state, ordered, url } = found.value;
  if (state !== 'active') return notActive(found.value);
  const { machine } = deps;
  const announcement = {
    id: `evt_${machine.newUuid().replaceAll('-', '')}`,
    type: 'webhook.test',
    atMs: machine.nowMs(),
    jobId: null,
    seq: null,
    data: { endpoint: id, requested_by: actor.id },
  };
  const deliveries = deps.deliveriesOf.endpoint(actor.project, id);
  await deliveries.accept([{ announcement }], { state, ordered });
  const listed = await deliveries.list({
    limit: TESTS_LOOKED_AT,
    before: null,
    type: announcement.type,
  });
  const delivery = listed.find((each) => each.announcement.id === announcement.id);
  return delivery === undefined
    ? noAnswer('the deliveries of the endpoint')
    : done({ ...delivery, url });
}

function notActive({ id, state }: WebhookEndpoint): Result<never> {
  const message = `${id} is ${state}, so that nothing is delivered to it; POST /v1/webhook-endpoints/${id}/resume first`;
  return refuseAt('conflict', '/path/endpoint_id', message);
}
