import type { Scope } from '../../domain/access.ts';
import type { ProjectId } from '../../domain/ids.ts';

export type Project = {
  readonly id: ProjectId;
  readonly name: string;
  readonly createdAtMs: number;
  /** The most jobs under way at once; null for the deployment's own limit. */
  readonly maxConcurrentJobs: number | null;
};

/** A key together with the limits of its project, as one query gives them. */
type FoundKey = StoredKey & Pick<Project, 'maxConcurrentJobs'>;

/** An API key as it is stored: only the hash of what the client sends. */
export type StoredKey = {
  readonly id: string;
  readonly project: ProjectId;
  readonly name: string;
  /** SHA-256 of the whole key, in hexadecimal. */
  readonly hash: string;
  readonly scopes: readonly Scope[];
  readonly createdAtMs: number;
};

export type AccessStore = {
  findKey(id: string): Promise<FoundKey | null>;
  findProject(id: ProjectId): Promise<Project | null>;
  addProject(project: Project): Promise<void>;
  /** Changes a project's limit; null when there is no such project. */
  limitProject(id: ProjectId, maxConcurrentJobs: number | null): Promise<Project | null>;
  addKey(key: StoredKey): Promise<void>;
  listProjects(after: string | null, limit: number): Promise<readonly Project[]>;
  listKeys(project: ProjectId, after: string | null, limit: number): Promise<readonly StoredKey[]>;
  deleteKey(project: ProjectId, id: string): Promise<boolean>;
};

/** Secrets that only the machine may compare or make. */
export type Secrets = {
  /** Compares in a time that does not depend on where the texts differ. */
  equal(left: string, right: string): Promise<boolean>;
  /** A new random secret: 43 characters of base64url. */
  random(): string;
  /** The deployment's root key; null when none is set, which refuses everyone. */
  readonly rootKey: string | null;
};
