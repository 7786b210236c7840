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
