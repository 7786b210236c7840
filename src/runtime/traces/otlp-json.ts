import type { AttributeValue, Attributes, Span } from './span.ts';

/** The numbers that OTLP gives to kinds and statuses of spans (opentelemetry-proto, `trace.proto`). */
const KIND = { internal: 1, client: 3 } as const;
const STATUS_ERROR = { code: 2 } as const;
const NANOS_PER_MS = '000000';

/**
 * Spans as a request body of OTLP/HTTP in its JSON encoding: ids in hexadecimal, 64-bit integers as text
 * (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding).
 */
export function otlpJson(service: Attributes, spans: readonly Span[]): string {
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: attributesOf(service) },
        scopeSpans: [{ scope: { name: 'penstock' }, spans: spans.map(spanOf) }],
      },
    ],
  });
}

function spanOf(span: Span) {
  const { traceId, spanId, parentSpanId, name, kind, startMs, endMs } = span;
  return {
    traceId,
    spanId,
    ...(parentSpanId === null ? {} : { parentSpanId }),
    name,
    kind: KIND[kind],
    startTimeUnixNano: nanos(startMs),
    endTimeUnixNano: nanos(Math.max(startMs, endMs)),
    attributes: attributesOf(span.attributes),
    status: span.isError ? STATUS_ERROR : {},
  };
}

function nanos(ms: number): string {
  return `${Math.trunc(ms)}${NANOS_PER_MS}`;
}

function attributesOf(attributes: Attributes) {
  return Object.entries(attributes).flatMap(([key, value]) =>
    value === null || value === undefined ? [] : [{ key, value: valueOf(value) }],
  );
}

function valueOf(value: AttributeValue): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  }
  if ('fraction' in value) return { doubleValue: value.fraction };
  return { arrayValue: { values: value.map((each) => ({ stringValue: each })) } };
}
