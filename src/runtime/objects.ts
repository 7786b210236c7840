import { json } from '../domain/definition/definition-parts.ts';
import type { Objects } from '../services/ports/values/objects.ts';

const DELETE_PAGE = 1_000;

/** Large values in R2. */
export function makeObjects(bucket: R2Bucket): Objects {
  return {
    async put(key, text, sha256) {
      await bucket.put(key, text, {
        httpMetadata: { contentType: 'application/json' },
        customMetadata: { sha256 },
      });
    },
    async get({ key }) {
      const object = await bucket.get(key);
      return object === null ? null : json.parse(await object.json());
    },
    async deleteJob(project, jobId) {
      for (;;) {
        const page = await bucket.list({ prefix: `${project}/${jobId}/`, limit: DELETE_PAGE });
        if (page.objects.length > 0) await bucket.delete(page.objects.map(({ key }) => key));
        if (!page.truncated) return;
      }
    },
  };
}
