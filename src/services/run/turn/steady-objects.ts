import { errorName, type Log } from '../../ports/log.ts';
import type { Objects } from '../../ports/values/objects.ts';
import type { Machine } from '../../ports/runtime.ts';

type Deps = { readonly log: Log; readonly machine: Pick<Machine, 'wait'> };

const TRIES = 6;
const RETRY_MS = 250;

/**
 * Objects that are asked for again when R2 does not answer, for about eight seconds: a paid result is not given up
 * because it could not be put away at once. Both putting and getting may be done twice.
 */
export function steadyObjects(objects: Objects, deps: Deps): Objects {
  return {
    put: (key, text, sha256) => steadily(deps, 'put', () => objects.put(key, text, sha256)),
    get: (stored) => steadily(deps, 'get', () => objects.get(stored)),
    deleteJob: (project, jobId) => objects.deleteJob(project, jobId),
  };
}

/** Does something with R2 that may be done twice, again and again for about eight seconds. */
export async function steadily<Value>(
  { log, machine }: Deps,
  what: string,
  work: () => Promise<Value>,
): Promise<Value> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries >= TRIES) throw error;
      log('warn', 'objects.failed', { what, tries, error: errorName(error) });
      await machine.wait(RETRY_MS * 2 ** (tries - 1));
    }
  }
}
