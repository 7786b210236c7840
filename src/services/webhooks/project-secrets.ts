import { bytesToBase64 } from '../../domain/bytes.ts';
import type { ProjectId } from '../../domain/ids.ts';
import { derivedBytes } from '../derived-key.ts';

/**
 * With what jobs' own webhooks of a project are signed: nothing is stored, the secrets follow from the deployment's.
 * The newest first; the second one, if any, holds until the deployment forgets its `SIGNING_SECRET_PREVIOUS`.
 */
export type ProjectSecrets = (project: ProjectId) => Promise<readonly string[]>;

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

/** In the form that Standard Webhooks gives secrets. Receivers keep it: never change how. */
async function derive(source: string, project: ProjectId): Promise<string> {
  return webhookSecretOf(await derivedBytes(source, `penstock webhook secret ${project}`));
}

/** `whsec_` and base64. */
export function webhookSecretOf(bytes: Uint8Array): string {
  return `whsec_${bytesToBase64(bytes)}`;
}
