import type { Correlation } from '../../domain/job/job.ts';
import { sampleOf, shareOf } from '../telemetry/sampling.ts';
import type { Attributes } from './span.ts';

export type TraceSettings = {
  /** Where spans are sent, with its path. */
  readonly endpoint: string;
  /** Secret: they carry the receiver's key. */
  readonly headers: Readonly<Record<string, string>>;
  /** Who sends them. */
  readonly service: Attributes;
};

/** Whether the jobs of a request are traced: all of a trace or nothing of it. */
export type Traced = (correlation: Correlation) => boolean;

type Setting = (name: string) => string | undefined;

export type TraceConfiguration = {
  /** Null in a deployment that exports no traces. */
  readonly settings: TraceSettings | null;
  readonly traced: Traced;
  /** What is wrong, one sentence each. */
  readonly problems: readonly string[];
};

/** `OTLP_ENDPOINT`, `OTLP_HEADERS` and `OTLP_SAMPLE`. A deployment that has them wrong exports nothing, and says so. */
export function traceConfiguration(setting: Setting): TraceConfiguration {
  const given = setting('OTLP_ENDPOINT');
  if (given === undefined) return { settings: null, traced: () => false, problems: [] };
  const endpoint = endpointOf(given);
  const headers = headersOf(setting('OTLP_HEADERS') ?? '');
  const problems = [
    ...(endpoint === null
      ? ['OTLP_ENDPOINT must be an https address, such as https://otlp.example.com/v1/traces']
      : []),
    ...(headers === null
      ? ['OTLP_HEADERS must be pairs such as authorization=Bearer%20abc,x-team=ai']
      : []),
  ];
  if (endpoint === null || headers === null)
    return { settings: null, traced: () => false, problems };
  const inSample = sampleOf(shareOf(setting('OTLP_SAMPLE')));
  return {
    settings: { endpoint, headers, service: serviceOf(setting) },
    traced: ({ traceId, sampled }) => sampled !== false && inSample(traceId),
    problems,
  };
}

function serviceOf(setting: Setting): Attributes {
  return {
    'service.name': setting('OTEL_SERVICE_NAME') ?? 'penstock',
    'deployment.environment.name': setting('DEPLOYMENT_ENVIRONMENT'),
  };
}

/** An address without a path is a base, below which traces have their place by the specification. */
function endpointOf(text: string): string | null {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '') return null;
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isHere)) return null;
  if (url.pathname === '/') url.pathname = '/v1/traces';
  return url.href;
}

/** As OpenTelemetry's own variable has them: `name=value,name=value`, values percent-encoded. Null for what is not. */
function headersOf(text: string): Record<string, string> | null {
  const headers: Record<string, string> = {};
  for (const pair of text.split(',').filter((part) => part.trim() !== '')) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, Math.max(0, at)).trim().toLowerCase();
    const value = decoded(pair.slice(at + 1).trim());
    if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name) || value === null) return null;
    headers[name] = value;
  }
  return headers;
}

function decoded(text: string): string | null {
  try {
    const value = decodeURIComponent(text);
    return /^[\x20-\x7E]*$/.test(value) ? value : null;
  } catch {
    return null;
  }
}
