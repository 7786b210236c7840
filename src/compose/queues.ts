/** Bindings `JOBS_0`, `JOBS_1`, … in their order: a deployment grows by adding one. */
export function jobQueues(env: Env): Queue[] {
  const queues: Queue[] = [];
  for (let index = 0; ; index += 1) {
    const queue: unknown = Reflect.get(env, `JOBS_${index}`);
    if (!isQueue(queue)) return queues;
    queues.push(queue);
  }
}

function isQueue(binding: unknown): binding is Queue {
  return typeof binding === 'object' && binding !== null && 'sendBatch' in binding;
}

/** Every queue that is bound, by the name of its binding. */
export function namedQueues(env: Env): (readonly [name: string, queue: Queue])[] {
  return Object.entries(env).flatMap(([name, binding]: [string, unknown]) =>
    isQueue(binding) ? [[name, binding] as const] : [],
  );
}
