import type { ProjectId } from '../../../domain/ids.ts';
import type { WebhookEndpoint, WebhookPayload } from '../../../domain/webhook.ts';
import type {
  DeliveryOrder,
  DueDelivery,
  TriedDelivery,
  WebhookEndpoints,
} from '../../ports/webhooks.ts';
import type { Log } from '../../ports/log.ts';
import { within } from '../../within.ts';
import type { ProjectSecrets } from '../project-secrets.ts';
import { stopEndpoint, tellStopped, type StopDeps } from './stop-endpoint.ts';
import { buildBody, type BodyDeps } from './build-body.ts';
import { postWebhook, type PostDeps, type WebhookAnswer } from './post-webhook.ts';
import { signatureOf } from './sign.ts';

export type DeliverDeps = BodyDeps &
  PostDeps &
  StopDeps & {
    readonly endpoints: WebhookEndpoints;
    /** Null without a `SIGNING_SECRET`. */
    readonly projectSecrets: ProjectSecrets | null;
    readonly log: Log;
  };

/** Where deliveries go: an endpoint, or what jobs have named themselves. */
export type Destination = { readonly project: ProjectId; readonly endpointId: string | null };

/** All that a try takes, its body and its report included, has to fit into the lease of a delivery. */
const WHOLE_MS = 22_000;

/** Tries to deliver once, and says what came of it. Never throws: what cannot be done now is tried again. */
export async function deliverOne(
  deps: DeliverDeps,
  destination: Destination,
  due: DueDelivery,
): Promise<TriedDelivery> {
  const atMs = deps.machine.nowMs();
  const work = tryOnce(deps, destination, due).catch((error: unknown) => {
    const kind = error instanceof Error ? error.name : 'unknown';
    deps.log('error', 'webhook.try_failed', { delivery_id: due.id, error: kind });
    return reportOf(due, atMs, unsent('internal'));
  });
  const report =
    (await within(deps.machine, WHOLE_MS, work)) ??
    reportOf(due, atMs, { ...unsent('timeout'), latencyMs: WHOLE_MS });
  tell(deps, destination, due, report);
  return report;
}

function unsent(error: string): WebhookAnswer {
  return { status: null, error, answer: '', retryAfterMs: null, latencyMs: 0 };
}

function reportOf(
  { id, number }: DueDelivery,
  atMs: number,
  { status, error, answer, retryAfterMs, latencyMs }: WebhookAnswer,
): TriedDelivery {
  const tried = { number, atMs, latencyMs, status, error, answer };
  const failed = status === 410 ? 'gone' : 'again';
  return { id, tried, retryAfterMs, verdict: error === null ? 'delivered' : failed };
}

/** What a delivery needs to know of its receiver. */
type Target = {
  readonly url: string;
  readonly payload: WebhookPayload;
  readonly headers: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly endpoint: WebhookEndpoint | null;
};

async function tryOnce(
  deps: DeliverDeps,
  destination: Destination,
  due: DueDelivery,
): Promise<TriedDelivery> {
  const atMs = deps.machine.nowMs();
  const { announcement } = due.order;
  const target = await targetOf(deps, destination, due);
  if (target === 'held' || target === 'gone') {
    return { ...reportOf(due, atMs, unsent(target)), verdict: target };
  }
  if (target.secrets.length === 0) return reportOf(due, atMs, unsent('no_secret'));
  const body = await buildBody(deps, destination.project, announcement, target.payload);
  if (body === null) return { ...reportOf(due, atMs, unsent('erased')), verdict: 'erased' };
  const headers = await headersOf(target, due, body, deps.machine.nowMs());
  const answer = await postWebhook(deps, { url: target.url, headers, body });
  const report = reportOf(due, atMs, answer);
  if (target.endpoint !== null) await stopEndpoint(deps, target.endpoint, due, report);
  return report;
}

/** An endpoint is read for each delivery: what its owner has changed holds at once. */
async function targetOf(
  deps: DeliverDeps,
  { project, endpointId }: Destination,
  { order }: DueDelivery,
): Promise<Target | 'held' | 'gone'> {
  const { endpoints, projectSecrets, machine } = deps;
  if (endpointId === null) {
    if (order.to === undefined) return 'gone';
    const secrets = (await projectSecrets?.(project)) ?? [];
    return { ...order.to, headers: {}, secrets, endpoint: null };
  }
  const endpoint = await endpoints.get(project, endpointId);
  if (endpoint === null) return 'gone';
  if (endpoint.state !== 'active') {
    await tellStopped(deps, endpoint);
    return endpoint.state === 'disabled' ? 'gone' : 'held';
  }
  const { url, payload, headers } = endpoint;
  const nowMs = machine.nowMs();
  const secrets = endpoint.secrets
    .filter(({ expiresAtMs }) => expiresAtMs === null || expiresAtMs > nowMs)
    .map(({ secret }) => secret);
  return { url, payload, headers, secrets, endpoint };
}

async function headersOf(
  { headers, secrets }: Target,
  { id, order }: DueDelivery,
  body: string,
  nowMs: number,
): Promise<Record<string, string>> {
  const { announcement } = order;
  const timestampS = Math.floor(nowMs / 1_000);
  const signature = await signatureOf(secrets, { id: announcement.id, timestampS, body });
  return {
    ...headers,
    'content-type': 'application/json',
    'user-agent': 'Penstock-Webhooks',
    'webhook-id': announcement.id,
    'webhook-timestamp': String(timestampS),
    'webhook-signature': signature,
    ...traceOf(order, id),
  };
}

/** W3C Trace Context: the job's trace, as the parent the delivery, and whether the job's caller records it. */
function traceOf(
  { announcement, sampled }: DeliveryOrder,
  deliveryId: string,
): Record<string, string> {
  const { trace_id: traceId } = announcement.data;
  if (typeof traceId !== 'string' || !/^[0-9a-f]{32}$/.test(traceId)) return {};
  return {
    traceparent: `00-${traceId}-${deliveryId.slice(-16)}-${sampled === false ? '00' : '01'}`,
  };
}

function tell(
  { log }: DeliverDeps,
  { project, endpointId }: Destination,
  { id, order }: DueDelivery,
  { tried, verdict }: TriedDelivery,
): void {
  if (verdict === 'held' || verdict === 'erased') return;
  const { jobId, data } = order.announcement;
  const delivered = verdict === 'delivered';
  log(delivered ? 'info' : 'warn', delivered ? 'webhook.delivered' : 'webhook.failed', {
    project,
    job_id: jobId ?? undefined,
    trace_id: data['trace_id'],
    endpoint: endpointId ?? undefined,
    delivery_id: id,
    tries: tried.number,
    http_status: tried.status,
    error: tried.error ?? undefined,
    latency_ms: tried.latencyMs,
  });
}
