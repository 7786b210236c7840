/**
 * List prices of the Workers Paid plan beyond the included amounts, in dollars, as Cloudflare's documentation
 * gave them on the date below. Nothing else in the benchmark names a price.
 */
export const PRICES_AS_OF = '2026-11';

export type Price = { readonly usd: number; readonly per: string; readonly source: string };

const DOCS = 'https://developers.cloudflare.com';

export const PRICES = {
  workerRequests: {
    usd: 0.3,
    per: 'million requests and consumer invocations',
    source: `${DOCS}/workers/platform/pricing/`,
  },
  cpuMs: {
    usd: 0.02,
    per: 'million milliseconds of CPU',
    source: `${DOCS}/workers/platform/pricing/`,
  },
  objectRequests: {
    usd: 0.15,
    per: 'million calls and alarms',
    source: `${DOCS}/durable-objects/platform/pricing/`,
  },
  objectGbSeconds: {
    usd: 12.5,
    per: 'million GB-seconds, 128 MB an object while it is active',
    source: `${DOCS}/durable-objects/platform/pricing/`,
  },
  objectRowsRead: {
    usd: 0.001,
    per: 'million rows',
    source: `${DOCS}/durable-objects/platform/pricing/`,
  },
  objectRowsWritten: {
    usd: 1,
    per: 'million rows, index entries and alarms set',
    source: `${DOCS}/durable-objects/platform/pricing/`,
  },
  queueOperations: {
    usd: 0.4,
    per: 'million operations of 64 kB; a message costs a write, a read and a delete',
    source: `${DOCS}/queues/platform/pricing/`,
  },
  d1RowsRead: { usd: 0.001, per: 'million rows', source: `${DOCS}/d1/platform/pricing/` },
  d1RowsWritten: {
    usd: 1,
    per: 'million rows and index entries',
    source: `${DOCS}/d1/platform/pricing/`,
  },
  measurementPoints: {
    usd: 0.25,
    per: 'million points',
    source: `${DOCS}/analytics/analytics-engine/pricing/`,
  },
  bucketWrites: { usd: 4.5, per: 'million class A operations', source: `${DOCS}/r2/pricing/` },
  bucketReads: { usd: 0.36, per: 'million class B operations', source: `${DOCS}/r2/pricing/` },
} as const satisfies Readonly<Record<string, Price>>;

export type Billed = keyof typeof PRICES;
