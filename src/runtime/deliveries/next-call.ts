import type { DeliveryAnswer, DeliveryTurn, DueDelivery } from '../../services/ports/webhooks.ts';

/**
 * A deliverer's visit as it goes over the wire. While a release goes out, a deliverer and the object that it asks may be
 * of two releases, and what is leased in an answer that cannot be read counts as a try that failed: a deliverer says
 * that it reads the whole answer, and reads the bare list that the release before gave.
 */
export type NextCall = DeliveryTurn & { readonly whole?: true };
export type NextReply = DeliveryAnswer | readonly DueDelivery[];

export function nextCall(turn: DeliveryTurn): NextCall {
  return { ...turn, whole: true };
}

export function replyTo({ whole }: NextCall, answer: DeliveryAnswer): NextReply {
  return whole === true ? answer : answer.due;
}

export function answerOf(reply: NextReply): DeliveryAnswer {
  return 'due' in reply ? reply : { due: reply, givenUp: [] };
}
