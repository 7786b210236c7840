import type { ProjectId } from '../domain/ids.ts';
import type { JobShard, JobShards } from '../services/ports/job-shard.ts';

/** Shards as other parts reach them. */
export function makeJobShards(
  namespace: DurableObjectNamespace,
  count: number,
  former: number | null,
): JobShards {
  return {
    count,
    former,
    of: (project, shard) => clientOf(() => shardStub(namespace, project, shard)),
  };
}

/**
 * A stub for one call: a stub whose object was reset keeps failing with the old error for ever. The name
 * carries the project, so that no call can reach another project's jobs.
 */
function shardStub(namespace: DurableObjectNamespace, project: ProjectId, shard: number): JobShard {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the namespace is bound to JobShardObject, whose methods are the port's
  return namespace.getByName(`${project}:${shard}`) as unknown as JobShard;
}

function clientOf(stub: () => JobShard): JobShard {
  return {
    submit: (request) => stub().submit(request),
    next: (request) => stub().next(request),
    renew: (request) => stub().renew(request),
    cancel: (request) => stub().cancel(request),
    pause: (request) => stub().pause(request),
    resume: (request) => stub().resume(request),
    receiveEvent: (request) => stub().receiveEvent(request),
    read: (request) => stub().read(request),
    readOutput: (request) => stub().readOutput(request),
    events: (request) => stub().events(request),
    parentTold: (request) => stub().parentTold(request),
    ticketsCancelled: (request) => stub().ticketsCancelled(request),
    callBack: (request) => stub().callBack(request),
    findKey: (keyHash) => stub().findKey(keyHash),
    confirm: (marks) => stub().confirm(marks),
    grant: (slots) => stub().grant(slots),
    ensureAlarm: () => stub().ensureAlarm(),
  };
}
