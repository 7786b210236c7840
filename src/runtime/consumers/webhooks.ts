import { errorName } from '../../services/ports/log.ts';
import { deliverTurn, type TurnDeps } from '../../services/webhooks/delivering/deliver-turn.ts';
import type { DeliveriesByName } from '../deliveries/deliveries-client.ts';
import { endpointOf } from '../deliveries/receivers.ts';
import { deliverMessage } from '../messages.ts';
import { tryPoints } from '../telemetry/fact-points.ts';

/** A consumer lives 15 minutes; what is left after this is for the next one, whom the receiver's object calls. */
const LIFE_MS = 13 * 60_000;
/** Connections that may wait for headers at once in one invocation. */
const CONNECTIONS = 6;

export type WebhookDeps = Omit<TurnDeps, 'capacity' | 'showTries'> & {
  readonly deliveriesOf: DeliveriesByName;
  /** Where a point of each try goes, if the deployment has somewhere to write them. */
  readonly dataset?: AnalyticsEngineDataset | undefined;
};

/**
 * Takes hints that a receiver has something due. Receivers share nothing: when deployed a batch is one hint, so that a
 * receiver that does not answer holds nobody's connections but its own. A turn that fails is only a lost hint.
 */
export async function consumeWebhooks(deps: WebhookDeps, batch: MessageBatch): Promise<void> {
  await Promise.all(batch.messages.map((message) => takeMessage(deps, message)));
}

async function takeMessage(deps: WebhookDeps, message: Message): Promise<void> {
  const parsed = deliverMessage.safeParse(message.body);
  if (!parsed.success) {
    deps.log('error', 'webhook.unreadable', { message_id: message.id });
    message.retry();
    return;
  }
  const { project, receiver } = parsed.data;
  const endpointId = endpointOf(receiver);
  try {
    const deliveries = deps.deliveriesOf(project, receiver);
    const untilMs = deps.machine.nowMs() + LIFE_MS;
    const destination = { project, endpointId };
    const turn = { ...deps, capacity: CONNECTIONS, showTries: tryPoints(deps.dataset) };
    await deliverTurn(turn, destination, deliveries, untilMs);
  } catch (error) {
    const endpoint = endpointId ?? undefined;
    deps.log('error', 'webhook.turn_failed', { project, endpoint, error: errorName(error) });
  }
  message.ack();
}
