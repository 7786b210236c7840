/** As much of the Workers runtime's types as code needs that tests run on Node. */
interface D1Result {
  readonly results: Record<string, unknown>[];
  readonly meta: { readonly changes: number };
}
interface D1PreparedStatement {
  bind(...values: unknown[]): D1PreparedStatement;
  first(): Promise<Record<string, unknown> | null>;
  all(): Promise<D1Result>;
  run(): Promise<D1Result>;
}
interface D1Database {
  prepare(query: string): D1PreparedStatement;
  batch(statements: D1PreparedStatement[]): Promise<D1Result[]>;
}
interface Message<Body = unknown> {
  readonly timestamp: Date;
  readonly id: string;
  readonly body: Body;
  readonly attempts: number;
  ack(): void;
  retry(): void;
}
interface MessageBatch<Body = unknown> {
  readonly queue: string;
  readonly messages: readonly Message<Body>[];
  ackAll(): void;
}
interface ExecutionContext {
  waitUntil(work: Promise<unknown>): void;
}
interface R2Object {
  readonly etag: string;
  readonly size: number;
}
interface R2ObjectBody extends R2Object {
  text(): Promise<string>;
}
interface R2Bucket {
  get(key: string): Promise<R2ObjectBody | null>;
  put(key: string, value: string, options?: object): Promise<R2Object | null>;
}
interface AnalyticsEngineDataPoint {
  readonly indexes?: readonly unknown[];
  readonly blobs?: readonly unknown[];
  readonly doubles?: readonly number[];
}
interface AnalyticsEngineDataset {
  writeDataPoint(point?: AnalyticsEngineDataPoint): void;
}
interface DurableObjectNamespace {
  getByName(name: string): object;
}
