/** R2 in memory, as far as the archive of facts uses it: conditional writes included. */
export function memoryBucket() {
  const objects = new Map<string, { etag: string; body: string }>();
  let version = 0;
  const bucket = {
    async get(key: string) {
      const object = objects.get(key);
      if (object === undefined) return null;
      const { etag, body } = object;
      return { etag, size: Buffer.byteLength(body), text: async () => body };
    },
    async put(
      key: string,
      body: string,
      { onlyIf }: { onlyIf?: { etagMatches?: string; etagDoesNotMatch?: string } } = {},
    ) {
      const known = objects.get(key);
      if (onlyIf?.etagMatches !== undefined && known?.etag !== onlyIf.etagMatches) return null;
      if (onlyIf?.etagDoesNotMatch === '*' && known !== undefined) return null;
      version += 1;
      const object = { etag: `v${version}`, body };
      objects.set(key, object);
      return object;
    },
  };
  return { objects, binding: bucket as unknown as R2Bucket };
}
