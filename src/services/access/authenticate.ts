import { scopes, type Actor } from '../../domain/access.ts';
import { DEFAULT_PROJECT, isProjectId } from '../../domain/ids.ts';
import type { AccessStore, Project, Secrets } from '../ports/access.ts';
import type { Machine } from '../ports/runtime.ts';
import { done, KEY_POINTER, refuseAt, type Result } from '../result.ts';

export type AuthDeps = {
  readonly access: AccessStore;
  readonly secrets: Secrets;
  readonly machine: Machine;
};

/** An API key as clients send it: a public id, by which it is found, and a secret. */
const API_KEY = /^psk_([0-9a-z]{16,32})_([A-Za-z0-9_-]{43})$/;

const UNKNOWN = 'the key is not known: it was mistyped, deleted, or belongs to another deployment';

/**
 * Finds out who is asking. `authorization` is the header as sent; `project` the project that a root key wants
 * to work in.
 */
export async function authenticate(
  deps: AuthDeps,
  authorization: string | null,
  project: string | null,
): Promise<Result<Actor>> {
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) {
    return unauthenticated('send your API key in the header "Authorization: Bearer <key>"');
  }
  const { rootKey } = deps.secrets;
  if (rootKey !== null && (await deps.secrets.equal(token, rootKey)))
    return rootActor(deps, project);
  return keyActor(deps, token);
}

type ChosenProject = Pick<Project, 'id' | 'maxConcurrentJobs'>;

/** The project that exists without being created has no settings of its own. */
const UNSTORED: ChosenProject = { id: DEFAULT_PROJECT, maxConcurrentJobs: null };

async function rootActor({ access }: AuthDeps, project: string | null): Promise<Result<Actor>> {
  const chosen = project === null ? done(UNSTORED) : await existingProject(access, project);
  if (!chosen.ok) return chosen;
  const { id, maxConcurrentJobs } = chosen.value;
  return done({
    id: 'root',
    project: id,
    scopes: new Set(scopes),
    isRoot: true,
    maxConcurrentJobs,
  });
}

async function existingProject(
  access: AccessStore,
  project: string,
): Promise<Result<ChosenProject>> {
  const known = isProjectId(project) ? await access.findProject(project) : null;
  if (known !== null) return done(known);
  const message = `there is no project ${JSON.stringify(project.slice(0, 80))}; GET /v1/projects lists them`;
  return refuseAt('not_found', '/headers/penstock-project', message);
}

async function keyActor(
  { access, secrets, machine }: AuthDeps,
  token: string,
): Promise<Result<Actor>> {
  const id = API_KEY.exec(token)?.[1];
  if (id === undefined) return unauthenticated(`${UNKNOWN}; an API key begins with psk_`);
  const key = await access.findKey(`key_${id}`);
  // An unknown id costs the same comparison as a known one.
  const same = await secrets.equal(await machine.sha256(token), key?.hash ?? '');
  if (key === null || !same) return unauthenticated(UNKNOWN);
  return done({
    id: key.id,
    project: key.project,
    scopes: new Set(key.scopes),
    isRoot: false,
    maxConcurrentJobs: key.maxConcurrentJobs,
  });
}

function unauthenticated(message: string): Result<never> {
  return refuseAt('unauthenticated', KEY_POINTER, message);
}
