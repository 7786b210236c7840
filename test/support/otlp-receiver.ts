import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

/**
 * A receiver of OTLP/HTTP in its JSON encoding that takes nothing but what the specification allows: ids in lower-case
 * hexadecimal, 64-bit integers as decimal text, exactly one kind of value an attribute.
 */
const int64 = z.string().regex(/^-?\d{1,19}$/);
const scalar = z.union([
  z.strictObject({ stringValue: z.string() }),
  z.strictObject({ boolValue: z.boolean() }),
  z.strictObject({ intValue: int64 }),
  z.strictObject({ doubleValue: z.number() }),
]);
const value = z.union([
  scalar,
  z.strictObject({ arrayValue: z.strictObject({ values: z.array(scalar) }) }),
]);
const attributes = z
  .array(z.strictObject({ key: z.string().min(1), value }))
  .refine((all) => new Set(all.map(({ key }) => key)).size === all.length, 'keys are unique');
const spanSchema = z.strictObject({
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  parentSpanId: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
  name: z.string().min(1),
  kind: z.literal([1, 3]),
  startTimeUnixNano: int64,
  endTimeUnixNano: int64,
  attributes,
  status: z.strictObject({ code: z.literal(2).optional() }),
});
const requestSchema = z.strictObject({
  resourceSpans: z.array(
    z.strictObject({
      resource: z.strictObject({ attributes }),
      scopeSpans: z.array(
        z.strictObject({
          scope: z.strictObject({ name: z.string() }),
          spans: z.array(spanSchema).min(1),
        }),
      ),
    }),
  ),
});

/** A span as a person would read it. */
type ReceivedSpan = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly isError: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
};

export type OtlpReceiver = {
  readonly url: string;
  /** Everything that was taken, in order, duplicates included. */
  readonly spans: readonly ReceivedSpan[];
  readonly bodies: readonly string[];
  readonly headers: readonly IncomingHttpHeaders[];
  /** What was sent and is not OTLP. */
  readonly refused: readonly string[];
  /** The next requests are answered with these statuses, and not taken. */
  failWith(...statuses: readonly number[]): void;
  close(): Promise<void>;
};

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const bodies: string[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const refused: string[] = [];
  const failures: number[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
    const body = Buffer.concat(chunks).toString('utf8');
    bodies.push(body);
    headers.push(request.headers);
    const status = failures.shift();
    if (status !== undefined) {
      response.writeHead(status, { 'retry-after': '0', location: '/elsewhere' }).end();
      return;
    }
    const isTraces = request.method === 'POST' && request.url === '/v1/traces';
    const parsed = requestSchema.safeParse(isTraces ? JSON.parse(body) : null);
    if (parsed.success) spans.push(...readSpans(parsed.data));
    else refused.push(`${request.method} ${request.url}: ${parsed.error.message}`);
    response.writeHead(parsed.success ? 200 : 400, { 'content-type': 'application/json' });
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    bodies,
    headers,
    refused,
    failWith: (...statuses) => void failures.push(...statuses),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function readSpans({ resourceSpans }: z.infer<typeof requestSchema>): ReceivedSpan[] {
  return resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ startTimeUnixNano, endTimeUnixNano, status, ...span }) => ({
        ...span,
        parentSpanId: span.parentSpanId,
        startMs: Number(BigInt(startTimeUnixNano) / 1_000_000n),
        endMs: Number(BigInt(endTimeUnixNano) / 1_000_000n),
        isError: status.code === 2,
        attributes: Object.fromEntries(
          span.attributes.map(({ key, value: held }) => [key, plain(held)]),
        ),
      })),
    ),
  );
}

function plain(held: z.infer<typeof value>): unknown {
  const [kind, inner] = Object.entries(held)[0] ?? [];
  if ('arrayValue' in held) return held.arrayValue.values.map(plain);
  return kind === 'intValue' ? Number(inner) : inner;
}
