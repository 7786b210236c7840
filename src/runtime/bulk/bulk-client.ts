import type { BulkId } from '../../domain/bulk.ts';
import type { ProjectId } from '../../domain/ids.ts';
import type { BulkHome, Bulks } from '../../services/ports/bulk.ts';

/** Bulk actions as other parts reach them. The name carries the project, so that no other one is reached. */
export function makeBulks(namespace: DurableObjectNamespace): Bulks {
  return {
    of(project, id) {
      return {
        start: (bulk) => stubOf(namespace, project, id).start(bulk),
        read: () => stubOf(namespace, project, id).read(),
        abort: () => stubOf(namespace, project, id).abort(),
      };
    },
  };
}

/** A stub for one call: a stub whose object was reset keeps failing with the old error for ever. */
function stubOf(namespace: DurableObjectNamespace, project: ProjectId, id: BulkId): BulkHome {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the namespace is bound to BulkActionObject, whose methods are the port's
  return namespace.getByName(`${project}:${id}`) as unknown as BulkHome;
}
