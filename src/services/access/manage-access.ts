import type { Actor, Scope } from '../../domain/access.ts';
import { DEFAULT_PROJECT, isProjectId, projectId, type ProjectId } from '../../domain/ids.ts';
import type { AccessStore, Project, Secrets, StoredKey } from '../ports/access.ts';
import type { Machine } from '../ports/runtime.ts';
import { pageOf, type Page } from '../page.ts';
import { done, KEY_POINTER, refuseAt, type Result } from '../result.ts';

export type AccessDeps = {
  readonly access: AccessStore;
  readonly secrets: Secrets;
  readonly machine: Machine;
};

/** Creates a project: an isolated customer of the deployment. Only the root key may. */
export async function createProject(
  { access, machine }: Pick<AccessDeps, 'access' | 'machine'>,
  actor: Actor,
  { name, maxConcurrentJobs }: Pick<Project, 'name' | 'maxConcurrentJobs'>,
): Promise<Result<Project>> {
  if (!actor.isRoot) return forbidden('only the root key creates projects');
  const id = projectId(`prj_${shortId(machine)}`);
  const project = { id, name, maxConcurrentJobs, createdAtMs: machine.nowMs() };
  await access.addProject(project);
  return done(project);
}

/** Changes how many jobs of a project may be under way at once. Jobs that were submitted before keep their limit. */
export async function limitProject(
  { access }: Pick<AccessDeps, 'access'>,
  actor: Actor,
  id: string,
  maxConcurrentJobs: number | null,
): Promise<Result<Project>> {
  if (!actor.isRoot) return forbidden('only the root key changes the limits of projects');
  const project = isProjectId(id) ? await access.limitProject(id, maxConcurrentJobs) : null;
  if (project !== null) return done(project);
  const message =
    id === DEFAULT_PROJECT
      ? `${id} has no settings of its own; PROJECT_MAX_CONCURRENT_JOBS limits every project that has none`
      : `there is no project ${JSON.stringify(id.slice(0, 80))}; GET /v1/projects lists them`;
  return refuseAt('not_found', '/path/project_id', message);
}

export type NewKey = {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly project: string | null;
};
export type CreatedKey = { readonly stored: StoredKey; /** Shown once. */ readonly key: string };

/** Creates an API key. The root key may in any project, a key with the scope `admin` in its own. */
export async function createKey(
  deps: AccessDeps,
  actor: Actor,
  input: NewKey,
): Promise<Result<CreatedKey>> {
  const project = await projectForKey(deps, actor, input.project);
  if (!project.ok) return project;
  const lacking = input.scopes.filter((scope) => !actor.scopes.has(scope));
  if (lacking.length > 0) {
    const message = `a key cannot give what it does not have: ${lacking.join(', ')}`;
    return refuseAt('forbidden', '/scopes', message);
  }
  const { machine, secrets, access } = deps;
  const id = shortId(machine);
  const key = `psk_${id}_${secrets.random()}`;
  const stored: StoredKey = {
    id: `key_${id}`,
    project: project.value,
    name: input.name,
    hash: await machine.sha256(key),
    scopes: input.scopes,
    createdAtMs: machine.nowMs(),
  };
  await access.addKey(stored);
  return done({ stored, key });
}

async function projectForKey(
  { access }: AccessDeps,
  actor: Actor,
  project: string | null,
): Promise<Result<ProjectId>> {
  if (!actor.scopes.has('admin')) {
    return forbidden('making keys needs the root key, or a key with the scope admin');
  }
  if (project === null || project === actor.project) return done(actor.project);
  const known = isProjectId(project) ? await access.findProject(project) : null;
  if (known === null || !actor.isRoot) {
    const message = `there is no project ${JSON.stringify(project.slice(0, 80))} that this key may make keys for`;
    return refuseAt('not_found', '/project', message);
  }
  return done(known.id);
}

/** Ends a key at once, but for copies that a Worker remembers for a few seconds. */
export async function deleteKey(
  { access }: Pick<AccessDeps, 'access'>,
  actor: Actor,
  id: string,
): Promise<Result<null>> {
  if (!actor.scopes.has('admin')) {
    return forbidden('deleting keys needs the root key, or a key with the scope admin');
  }
  const deleted = await access.deleteKey(actor.project, id);
  if (deleted) return done(null);
  const message = `there is no key ${JSON.stringify(id.slice(0, 80))} in this project`;
  return refuseAt('not_found', '/path/key_id', message);
}

export async function listProjects(
  { access }: Pick<AccessDeps, 'access'>,
  actor: Actor,
  after: string | null,
  limit: number,
): Promise<Result<Page<Project>>> {
  if (!actor.isRoot) return forbidden('only the root key lists projects');
  return done(pageOf(await access.listProjects(after, limit + 1), limit, ({ id }) => id));
}

export async function listKeys(
  { access }: Pick<AccessDeps, 'access'>,
  actor: Actor,
  after: string | null,
  limit: number,
): Promise<Result<Page<StoredKey>>> {
  if (!actor.scopes.has('admin')) {
    return forbidden('listing keys needs the root key, or a key with the scope admin');
  }
  return done(
    pageOf(await access.listKeys(actor.project, after, limit + 1), limit, ({ id }) => id),
  );
}

function forbidden(message: string): Result<never> {
  return refuseAt('forbidden', KEY_POINTER, message);
}

/** Sixteen characters that sort by time. */
function shortId(machine: Machine): string {
  const hex = machine.newUuid().replaceAll('-', '');
  return `${hex.slice(0, 12)}${hex.slice(-8)}`;
}
