import { bytesToBase64 } from '../../domain/bytes.ts';
import type { ProjectId } from '../../domain/ids.ts';

/**
 * With what jobs' own webhooks of a project are signed: nothing is stored, the secrets follow from the deployment's.
 * The newest first; the second one, if any, holds until the deployment forgets its `SIGNING_SECRET_PREVIOUS`.
 */
export type ProjectSecrets = (project: ProjectId) => Promise<readonly string[]>;

const encoder = new TextEncoder();
const SECRET_BITS = 256;
/** Derived again for a project that comes later; a secret is small. */
const REMEMBERED_MAX = 1_000;

export function makeProjectSecrets(secret: string, previous: string | null): ProjectSecrets {
  const sources = previous === null ? [secret] : [secret, previous];
  const known = new Map<ProjectId, readonly string[]>();
  return async (project) => {
    const remembered = known.get(project);
    if (remembered !== undefined) return remembered;
    const derived = await Promise.all(sources.map((source) => derive(source, project)));
    if (known.size >= REMEMBERED_MAX) known.clear();
    known.set(project, derived);
    return derived;
  };
}

/** 32 bytes by HKDF (RFC 5869), in the form that Standard Webhooks gives secrets. Receivers keep it: never change how. */
async function derive(source: string, project: ProjectId): Promise<string> {
  const key = await crypto.subtle.importKey('raw', encoder.encode(source), 'HKDF', false, [
    'deriveBits',
  ]);
  const derivation = {
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(),
    info: encoder.encode(`penstock webhook secret ${project}`),
  };
  const bits = await crypto.subtle.deriveBits(derivation, key, SECRET_BITS);
  return webhookSecretOf(new Uint8Array(bits));
}

/** `whsec_` and base64. */
export function webhookSecretOf(bytes: Uint8Array): string {
  return `whsec_${bytesToBase64(bytes)}`;
}
