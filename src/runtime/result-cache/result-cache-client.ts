import type { ProjectId } from '../../domain/ids.ts';
import type {
  CacheKey,
  ResultCache,
  ResultCaches,
} from '../../services/ports/values/result-cache.ts';

/** A project's cache in sixteen parts, by the first digit of the key: one object would be a narrow door. */
export function makeResultCaches(namespace: DurableObjectNamespace): ResultCaches {
  return {
    of(project, key) {
      const part = (): ResultCache => partStub(namespace, project, key);
      return {
        find: (request) => part().find(request),
        renew: (request) => part().renew(request),
        leave: (mark) => part().leave(mark),
        put: (request) => part().put(request),
      };
    },
  };
}

/** A stub for one call: one whose object was reset keeps failing. The name carries the project. */
function partStub(
  namespace: DurableObjectNamespace,
  project: ProjectId,
  key: CacheKey,
): ResultCache {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the namespace is bound to ResultCacheObject, whose methods are the port's
  return namespace.getByName(`${project}:${key.slice(0, 1)}`) as unknown as ResultCache;
}
