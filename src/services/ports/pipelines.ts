import type { Definition } from '../../domain/definition/definition.ts';
import type { ProjectId } from '../../domain/ids.ts';

/** One immutable version of a pipeline, without its definition. */
export type PipelineVersion = {
  readonly name: string;
  readonly version: number;
  readonly hash: string;
  readonly createdAtMs: number;
  readonly createdBy: string;
};

export type StoredVersion = PipelineVersion & { readonly definition: Definition };

export type Pipelines = {
  /** A version by number, or the newest; null when there is none. */
  head(project: ProjectId, name: string, version: number | null): Promise<PipelineVersion | null>;
  /** The definition of a version that exists. */
  definition(project: ProjectId, name: string, version: number): Promise<Definition | null>;
  /** Adds a version, unless the newest one has the same hash; two at once never get the same number. */
  add(project: ProjectId, version: Omit<StoredVersion, 'version'>): Promise<AddedVersion>;
  /** The newest version of every pipeline whose name follows `after`, by name. */
  list(
    project: ProjectId,
    after: string | null,
    limit: number,
  ): Promise<readonly PipelineVersion[]>;
};

export type AddedVersion = { readonly version: PipelineVersion; readonly created: boolean };
