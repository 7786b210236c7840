import { AsyncLocalStorage } from 'node:async_hooks';

import worker from '../../../src/index.ts';

/**
 * Penstock's own Worker, but a runner can die alone: the invocation to which a provider answers `DEADLY` is
 * aborted by the runtime before anything of the answer is read. None of its code runs again, while the server and
 * every other invocation go on. Needs the compatibility flags `experimental`, for the abort, and `nodejs_als`.
 */
const DEADLY = 418;

const invocation = new AsyncLocalStorage<ExecutionContext>();
const fetchOfRuntime = globalThis.fetch;

globalThis.fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
  const answer = await fetchOfRuntime(input, init);
  if (answer.status === DEADLY) abort(invocation.getStore());
  return answer;
};

/** Stable types do not know of it. */
function abort(ctx: object | undefined): void {
  const method: unknown = ctx === undefined ? undefined : Reflect.get(ctx, 'abort');
  if (ctx === undefined || typeof method !== 'function') {
    throw new Error('this invocation cannot be aborted');
  }
  Reflect.apply(method, ctx, [new Error('the runner was killed')]);
}

export * from '../../../src/index.ts';

export default {
  fetch: (request, env, ctx) => invocation.run(ctx, () => worker.fetch(request, env, ctx)),
  queue: (batch, env, ctx) => invocation.run(ctx, () => worker.queue(batch, env, ctx)),
  scheduled: (controller, env) => worker.scheduled(controller, env),
} satisfies ExportedHandler<Env>;
