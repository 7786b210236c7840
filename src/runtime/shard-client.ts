import type { JobShard, JobShards } from '../services/ports/job-shard/job-shard.ts';

/** Shards as other parts reach them. */
export function makeJobShards(
  namespace: DurableObjectNamespace,
  count: number,
  former: number | null,
): JobShards {
  return {
    count,
    former,
    of: (project, shard) => new ShardClient(namespace, `${project}:${shard}`),
  };
}

/**
 * A shard by its name, which carries the project, so that no call can reach another project's jobs. A stub is for one
 * call: one whose object was reset keeps failing with the old error for ever. A class, because one is made for every
 * visit to a job.
 */
class ShardClient implements JobShard {
  readonly #namespace: DurableObjectNamespace;
  readonly #name: string;

  constructor(namespace: DurableObjectNamespace, name: string) {
    this.#namespace = namespace;
    this.#name = name;
  }

  #stub(): JobShard {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the namespace is bound to JobShardObject, whose methods are the port's
    return this.#namespace.getByName(this.#name) as unknown as JobShard;
  }

  submit(request: Parameters<JobShard['submit']>[0]): ReturnType<JobShard['submit']> {
    return this.#stub().submit(request);
  }

  next(request: Parameters<JobShard['next']>[0]): ReturnType<JobShard['next']> {
    return this.#stub().next(request);
  }

  renew(request: Parameters<JobShard['renew']>[0]): ReturnType<JobShard['renew']> {
    return this.#stub().renew(request);
  }

  cancel(request: Parameters<JobShard['cancel']>[0]): ReturnType<JobShard['cancel']> {
    return this.#stub().cancel(request);
  }

  pause(request: Parameters<JobShard['pause']>[0]): ReturnType<JobShard['pause']> {
    return this.#stub().pause(request);
  }

  resume(request: Parameters<JobShard['resume']>[0]): ReturnType<JobShard['resume']> {
    return this.#stub().resume(request);
  }

  receiveEvent(
    request: Parameters<JobShard['receiveEvent']>[0],
  ): ReturnType<JobShard['receiveEvent']> {
    return this.#stub().receiveEvent(request);
  }

  read(request: Parameters<JobShard['read']>[0]): ReturnType<JobShard['read']> {
    return this.#stub().read(request);
  }

  readOutput(request: Parameters<JobShard['readOutput']>[0]): ReturnType<JobShard['readOutput']> {
    return this.#stub().readOutput(request);
  }

  events(request: Parameters<JobShard['events']>[0]): ReturnType<JobShard['events']> {
    return this.#stub().events(request);
  }

  parentTold(request: Parameters<JobShard['parentTold']>[0]): ReturnType<JobShard['parentTold']> {
    return this.#stub().parentTold(request);
  }

  ticketsCancelled(
    request: Parameters<JobShard['ticketsCancelled']>[0],
  ): ReturnType<JobShard['ticketsCancelled']> {
    return this.#stub().ticketsCancelled(request);
  }

  callBack(request: Parameters<JobShard['callBack']>[0]): ReturnType<JobShard['callBack']> {
    return this.#stub().callBack(request);
  }

  findKey(keyHash: Parameters<JobShard['findKey']>[0]): ReturnType<JobShard['findKey']> {
    return this.#stub().findKey(keyHash);
  }

  confirm(marks: Parameters<JobShard['confirm']>[0]): ReturnType<JobShard['confirm']> {
    return this.#stub().confirm(marks);
  }

  grant(slots: Parameters<JobShard['grant']>[0]): ReturnType<JobShard['grant']> {
    return this.#stub().grant(slots);
  }

  ensureAlarm(): ReturnType<JobShard['ensureAlarm']> {
    return this.#stub().ensureAlarm();
  }
}
