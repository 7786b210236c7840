import type { ProjectId } from '../../domain/ids.ts';
import type { Flow } from '../../services/ports/flow.ts';

/** A project's flow control as its shards reach it: a fresh stub for every call. */
export function makeFlows(namespace: DurableObjectNamespace): (project: ProjectId) => Flow {
  return (project) => ({
    exchange: (message) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the namespace is bound to FlowObject, whose method is the port's
      const flow = namespace.getByName(project) as unknown as Flow;
      return flow.exchange(message);
    },
  });
}
