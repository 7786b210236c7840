import type { Actor } from '../../../domain/access.ts';
import { canonicalJson } from '../../../domain/canonical.ts';
import type { WebhookEndpoint } from '../../../domain/webhook.ts';
import { missingScope } from '../../access/require-scope.ts';
import { audited } from '../../audit/audited.ts';
import type { AskedUnderKey } from '../../ports/webhooks.ts';
import { done, refuseAt, type Result } from '../../result.ts';
import { webhookSecretOf } from '../project-secrets.ts';
import { unsignable, type EndpointDeps } from './endpoint-deps.ts';
import type { EndpointInput } from './endpoint-input.ts';

const SECRET_BYTES = 32;
/** For so long whoever repeats the request may have the secret of an answer that was lost. */
const SHOWN_AGAIN_MS = 24 * 60 * 60_000;

export type CreatedEndpoint =
  | { readonly replayed: false; readonly endpoint: WebhookEndpoint; readonly secret: string }
  /** It was made before, under the same key. The secret is null when that is long ago, or it was rotated. */
  | { readonly replayed: true; readonly endpoint: WebhookEndpoint; readonly secret: string | null };

/** Makes an endpoint; under an `Idempotency-Key` once, for as long as it is there. */
export async function createEndpoint(
  deps: EndpointDeps,
  actor: Actor,
  input: EndpointInput,
  idempotencyKey: string | null = null,
): Promise<Result<CreatedEndpoint>> {
  const refused = missingScope(actor, 'webhooks:write') ?? unsignable(deps);
  if (refused !== null) return refused;
  if (idempotencyKey === null) return makeEndpoint(deps, actor, input);
  const asked = await askedOf(deps, actor, input, idempotencyKey);
  const before = await madeBefore(deps, actor, asked);
  if (before !== null) return before;
  const made = await makeEndpoint(deps, actor, input, asked);
  if (made.ok) return made;
  // The same request may have come twice at once.
  return (await madeBefore(deps, actor, asked)) ?? made;
}

async function makeEndpoint(
  deps: EndpointDeps,
  actor: Actor,
  input: EndpointInput,
  asked?: AskedUnderKey,
): Promise<Result<CreatedEndpoint>> {
  const hostile = await deps.webhookUrls.refusal(input.url, '/url');
  if (hostile !== null) return hostile;
  const { secret = newSecret(), ...fields } = input;
  const endpoint = newEndpoint(deps, actor, fields, secret);
  const deed = { action: 'webhook_endpoint.create', subject: endpoint.id } as const;
  return audited(deps, actor, deed, async () => {
    const max = deps.webhookEndpointsMax;
    const isMade = await deps.webhookEndpoints.insert(endpoint, max, asked);
    return isMade ? done({ endpoint, secret, replayed: false }) : tooMany(max);
  });
}

function newEndpoint(
  { machine }: EndpointDeps,
  { project }: Actor,
  fields: Omit<EndpointInput, 'secret'>,
  secret: string,
): WebhookEndpoint {
  const nowMs = machine.nowMs();
  return {
    ...fields,
    id: `whe_${machine.newUuid().replaceAll('-', '')}`,
    project,
    secrets: [{ secret, createdAtMs: nowMs, expiresAtMs: null }],
    secretsChangedAtMs: nowMs,
    state: 'active',
    stateReason: null,
    stateSinceMs: nowMs,
    createdAtMs: nowMs,
  };
}

async function askedOf(
  { machine }: EndpointDeps,
  { project }: Actor,
  input: EndpointInput,
  key: string,
): Promise<AskedUnderKey> {
  const [keySha256, bodySha256] = await Promise.all([
    machine.sha256(`${project}\n${key}`),
    machine.sha256(`${key}\n${canonicalJson(input)}`),
  ]);
  return { keySha256, bodySha256 };
}

/** What an earlier request under the same key made, or that it asked for something else; null when there was none. */
async function madeBefore(
  deps: EndpointDeps,
  actor: Actor,
  { keySha256, bodySha256 }: AskedUnderKey,
): Promise<Result<CreatedEndpoint> | null> {
  const known = await deps.webhookEndpoints.madeUnder(actor.project, keySha256);
  if (known === null) return null;
  const { endpoint } = known;
  if (known.bodySha256 !== bodySha256) {
    const message = `this Idempotency-Key was used for another endpoint, ${endpoint.id}; send the same again, or use a new key`;
    return refuseAt('idempotency_key_reused', '/headers/idempotency-key', message);
  }
  const secret = secretShownAgain(endpoint, deps.machine.nowMs());
  const again = done({ endpoint, secret, replayed: true } as const);
  if (secret === null) return again;
  const deed = {
    action: 'webhook_endpoint.create',
    subject: endpoint.id,
    reason: REPEATED,
  } as const;
  return audited(deps, actor, deed, async () => again);
}

const REPEATED = 'repeated under its Idempotency-Key: the secret was shown again';

function secretShownAgain(
  { createdAtMs, secretsChangedAtMs, secrets }: WebhookEndpoint,
  nowMs: number,
): string | null {
  const isOld = nowMs >= createdAtMs + SHOWN_AGAIN_MS;
  const isRotated = secretsChangedAtMs !== createdAtMs;
  return isOld || isRotated ? null : (secrets[0]?.secret ?? null);
}

export function newSecret(): string {
  return webhookSecretOf(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));
}

function tooMany(max: number): Result<never> {
  const message = `the project has ${max} webhook endpoints, which is as many as it may have; delete one, or let one receive more events. An operator may raise WEBHOOK_ENDPOINTS_MAX.`;
  return refuseAt('conflict', '/', message);
}
