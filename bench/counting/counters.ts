/** What the platform was asked for since the counts were cleared, by name. */
const counts = new Map<string, number>();

export function count(name: string, by = 1): void {
  counts.set(name, (counts.get(name) ?? 0) + by);
}

/** The counts so far, which begin anew. */
export function takeCounts(): Record<string, number> {
  const taken = Object.fromEntries([...counts].toSorted(([a], [b]) => a.localeCompare(b)));
  counts.clear();
  return taken;
}

type Method = (this: unknown, ...given: unknown[]) => unknown;

/** Puts `watch` around a method of whatever the object inherits from; `watch` gets what was given and what came. */
function around(
  object: object,
  name: string,
  watch: (given: readonly unknown[], came: unknown) => void,
): void {
  const owner = ownerOf(object, name);
  const original = Reflect.get(owner, name) as Method;
  const watched: Method = function (...given) {
    const came = original.apply(this, given);
    watch(given, came);
    return came;
  };
  Object.defineProperty(owner, name, { value: watched, configurable: true, writable: true });
}

function ownerOf(object: object, name: string): object {
  let owner: object | null = object;
  while (owner !== null && !Object.hasOwn(owner, name)) owner = Reflect.getPrototypeOf(owner);
  if (owner === null) throw new Error(`there is no method ${name} to count`);
  return owner;
}

/** Counts every call of an object's class; each is a request that the platform bills. */
export function countCalls(label: string, prototype: object): void {
  for (const name of Object.getOwnPropertyNames(prototype)) {
    const value: unknown = Object.getOwnPropertyDescriptor(prototype, name)?.value;
    if (name === 'constructor' || typeof value !== 'function') continue;
    around(prototype, name, () => count(`object_calls.${label}.${name}`));
  }
}

let storageIsCounted = false;

/** Counts rows that objects read and write. The platform's classes are shared, so once is enough. */
export function countStorage(storage: DurableObjectStorage): void {
  if (storageIsCounted) return;
  storageIsCounted = true;
  around(storage.sql, 'exec', ([query], came) => {
    const { rowsRead, rowsWritten } = came as SqlStorageCursor<never>;
    count('object_rows_read', rowsRead);
    if (rowsWritten > 0) count(`object_rows_written.${targetOf(String(query))}`, rowsWritten);
  });
  around(storage, 'setAlarm', () => count('object_rows_written.alarm'));
}

/** The verb and the table of a statement. */
function targetOf(query: string): string {
  const [, verb = 'other', table = ''] =
    /^\s*(INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM|CREATE \w+)\s+(\w+)/i.exec(query) ?? [];
  return `${verb.split(/\s/)[0]?.toLowerCase() ?? 'other'}_${table}`;
}

function told({ meta }: D1Result): void {
  count('d1_rows_read', meta.rows_read);
  count('d1_rows_written', meta.rows_written);
}

/** Counts rows that D1 says it has read and written. */
export function countD1(db: D1Database): void {
  around(db, 'batch', (_given, came) => {
    void (came as Promise<D1Result[]>).then(
      (results) => results.forEach(told),
      () => {},
    );
  });
  const statement = db.prepare('SELECT 1');
  for (const name of ['run', 'all']) {
    around(statement, name, (_given, came) => {
      void (came as Promise<D1Result>).then(told, () => {});
    });
  }
}

/** Counts messages sent; each costs a write, a read and a delete for every 64 kB of it. */
export function countQueues(queue: Queue): void {
  around(queue, 'sendBatch', ([messages]) => {
    for (const { body } of messages as Iterable<MessageSendRequest>) {
      const text = JSON.stringify(body);
      const kind = text.includes('"entries"') ? 'history' : 'wake';
      count(`queue_messages.${kind}`);
      count(`queue_operations.${kind}`, 3 * Math.ceil(text.length / 65_536));
    }
  });
}

/** Counts points of measurement, and what is put into and read from the bucket. */
export function countOthers(env: Env): void {
  around(env.MEASUREMENTS, 'writeDataPoint', () => count('measurement_points'));
  for (const name of ['put', 'get', 'list', 'delete']) {
    around(env.OBJECTS, name, () => count(`bucket_calls.${name}`));
  }
}
