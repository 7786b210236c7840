/** A measure that may have a fraction: a double in every span, also where it happens to be whole. */
type Fraction = { readonly fraction: number };
/** A value of an attribute; a number by itself counts something, and is sent as an integer. */
export type AttributeValue = string | number | boolean | readonly string[] | Fraction;
export type Attributes = Readonly<Record<string, AttributeValue | null | undefined>>;

/** A part of a job's time, as OpenTelemetry tells it. Ids in hexadecimal, times in milliseconds. */
export type Span = {
  readonly traceId: string;
  readonly spanId: string;
  /** Null for the first of its trace that is known here. */
  readonly parentSpanId: string | null;
  readonly name: string;
  /** `client` calls something outside, `internal` does not. */
  readonly kind: 'internal' | 'client';
  readonly startMs: number;
  readonly endMs: number;
  readonly isError: boolean;
  /** Those without a value are left out. */
  readonly attributes: Attributes;
};
