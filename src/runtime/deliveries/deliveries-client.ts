import type { ProjectId } from '../../domain/ids.ts';
import type { Deliveries, DeliveriesOf } from '../../services/ports/webhooks.ts';
import { answerOf, nextCall, type NextCall, type NextReply } from './next-call.ts';
import { receiverOfOrigin, receiversOfJobs } from './receivers.ts';

/** Deliveries by their receiver's name, for deliverers. */
export type DeliveriesByName = (project: ProjectId, receiver: string) => Deliveries;

/** `DeliveriesObject`, as it is called. */
type DeliveriesCalls = Omit<Deliveries, 'next'> & { next(call: NextCall): Promise<NextReply> };

/** Deliveries as other parts reach them: a fresh stub for every call. The name carries the project. */
export function makeDeliveriesByName(namespace: DurableObjectNamespace): DeliveriesByName {
  return (project, receiver) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the namespace is bound to DeliveriesObject, whose methods are the port's
    const stub = () => namespace.getByName(`${project}:${receiver}`) as unknown as DeliveriesCalls;
    return {
      accept: (orders, seen, told) => stub().accept(orders, seen, told),
      next: async (turn) => answerOf(await stub().next(nextCall(turn))),
      list: (query) => stub().list(query),
      get: (id) => stub().get(id),
      redeliver: (which) => stub().redeliver(which),
      changed: (seen) => stub().changed(seen),
      forget: (jobId) => stub().forget(jobId),
    };
  };
}

export function makeDeliveriesOf(byName: DeliveriesByName): DeliveriesOf {
  return {
    endpoint: byName,
    ofOrigin: (project, origin) => byName(project, receiverOfOrigin(origin)),
    ofJobs: (project) => receiversOfJobs.map((receiver) => byName(project, receiver)),
  };
}
