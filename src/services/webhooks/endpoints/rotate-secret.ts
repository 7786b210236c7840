import type { Actor } from '../../../domain/access.ts';
import { durationMs } from '../../../domain/duration.ts';
import type { WebhookEndpoint, WebhookSecret } from '../../../domain/webhook.ts';
import { isoTime } from '../../../domain/wire.ts';
import { audited } from '../../audit/audited.ts';
import { done, refuseAt, type Result } from '../../result.ts';
import { ownEndpoint, unsignable, type EndpointDeps } from './endpoint-deps.ts';
import type { RotateInput } from './endpoint-input.ts';
import { newSecret } from './create-endpoint.ts';

/** With the secret that it was given. */
type WithSecret = { readonly endpoint: WebhookEndpoint; readonly secret: string };

/**
 * Gives an endpoint a new secret, and signs with the present one as well for a while, so that a receiver may learn the new
 * one in its own time. Rotating to the secret that is the newest already changes nothing: such a request may be repeated.
 */
export async function rotateSecret(
  deps: EndpointDeps,
  actor: Actor,
  id: string,
  { secret = newSecret(), keep_old_for: keepOldFor }: RotateInput,
): Promise<Result<WithSecret>> {
  const found = await ownEndpoint(deps, actor, 'webhooks:write', id);
  if (!found.ok) return found;
  const refused = unsignable(deps);
  if (refused !== null) return refused;
  const endpoint = found.value;
  if (endpoint.secrets[0]?.secret === secret) return done({ endpoint, secret });
  const nowMs = deps.machine.nowMs();
  const kept = keptSecrets(endpoint, durationMs(keepOldFor, 0), nowMs);
  if (!kept.ok) return kept;
  const rotated = {
    secrets: [{ secret, createdAtMs: nowMs, expiresAtMs: null }, ...kept.value],
    secretsChangedAtMs: Math.max(nowMs, endpoint.secretsChangedAtMs + 1),
  };
  const deed = { action: 'webhook_endpoint.rotate_secret', subject: id } as const;
  return audited(deps, actor, deed, async () => {
    const seen = endpoint.secretsChangedAtMs;
    if (!(await deps.webhookEndpoints.rotate(endpoint, seen, rotated))) return rotatedMeanwhile(id);
    return done({ endpoint: { ...endpoint, ...rotated }, secret });
  });
}

/** Those that a delivery is signed with at that moment. */
export function secretsInForce(
  { secrets }: Pick<WebhookEndpoint, 'secrets'>,
  nowMs: number,
): readonly WebhookSecret[] {
  return secrets.filter(({ expiresAtMs }) => expiresAtMs === null || expiresAtMs > nowMs);
}

/** Two at most are in force: a third one waits, unless the older ones end at once. */
function keptSecrets(
  endpoint: WebhookEndpoint,
  keepMs: number,
  nowMs: number,
): Result<readonly WebhookSecret[]> {
  if (keepMs === 0) return done([]);
  const [newest, older] = secretsInForce(endpoint, nowMs);
  if (older === undefined) {
    return done(newest === undefined ? [] : [{ ...newest, expiresAtMs: nowMs + keepMs }]);
  }
  const until = older.expiresAtMs === null ? '' : ` until ${isoTime(older.expiresAtMs)}`;
  const message = `${endpoint.id} has two secrets in force${until}, which is as many as it may have; rotate after that, or with "keep_old_for": "0s", which ends both at once`;
  return refuseAt('conflict', '/keep_old_for', message);
}

function rotatedMeanwhile(id: string): Result<never> {
  const message = `another request has rotated the secret of ${id} in the meantime; look at the endpoint, and send this one again if you still want it`;
  return refuseAt('conflict', '/path/endpoint_id', message);
}
