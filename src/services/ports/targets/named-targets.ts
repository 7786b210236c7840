import type { Target } from '../../../domain/job/attempt.ts';
import type { ProjectId } from '../../../domain/ids.ts';

/** Which targets a project's pipelines name. */
export type NamedTargets = {
  /** Those of the newest version of each pipeline, each once and in any order, up to a bound. */
  of(project: ProjectId): Promise<readonly Target[]>;
};
