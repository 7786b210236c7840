import { expect, test } from 'vitest';

import { projectId } from '../../../src/domain/ids.ts';
import { makeDeliveriesByName } from '../../../src/runtime/deliveries/deliveries-client.ts';
import { replyTo, type NextCall } from '../../../src/runtime/deliveries/next-call.ts';
import type { DueDelivery } from '../../../src/services/ports/webhooks.ts';

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nobody looks into it here
const due = { id: 'whd_1' } as DueDelivery;
const answer = { due: [due], givenUp: ['whd_0'] };
const turn = { requestId: 'r', capacity: 1, tried: [] };

test.each([
  ['of today', (call: NextCall) => replyTo(call, answer), answer],
  ['of the release before', () => answer.due, { due: [due], givenUp: [] }],
])('a deliverer reads the answer of an object %s', async (_which, next, read) => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the client uses of a namespace
  const namespace = { getByName: () => ({ next }) } as unknown as DurableObjectNamespace;
  const deliveries = makeDeliveriesByName(namespace)(projectId('prj_a'), 'whe_1');
  expect(await deliveries.next(turn)).toEqual(read);
});

test('a deliverer of the release before is given the list that it reads', () => {
  expect(replyTo(turn, answer)).toEqual(answer.due);
});
