/** When a call fails: before it is done, or after, when its answer gets lost. */
export type Fate = (moment: 'before' | 'after') => void;

/** A database whose calls may fail at both moments. */
export function flakyDatabase(db: D1Database, fate: Fate): D1Database {
  const statement = (inner: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(inner, {
      get(target, name) {
        if (name === 'bind') return (...values: unknown[]) => statement(target.bind(...values));
        if (name === 'all' || name === 'run') return () => failing(fate, () => target[name]());
        const own: unknown = Reflect.get(target, name);
        return own;
      },
    });
  return {
    ...db,
    prepare: (query: string) => statement(db.prepare(query)),
    batch: (statements) => failing(fate, () => db.batch(statements)),
  };
}

/** The same of a bucket. */
export function flakyBucket(bucket: R2Bucket, fate: Fate): R2Bucket {
  const flaky = {
    get: (key: string) => failing(fate, () => bucket.get(key)),
    put: (...given: Parameters<R2Bucket['put']>) => failing(fate, () => bucket.put(...given)),
  };
  return flaky;
}

async function failing<Done>(fate: Fate, work: () => Promise<Done>): Promise<Done> {
  fate('before');
  const done = await work();
  fate('after');
  return done;
}
