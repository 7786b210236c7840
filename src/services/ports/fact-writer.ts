import type { ProjectId } from '../../domain/ids.ts';
import type { JobFacts } from '../metrics/facts/fact.ts';

/** Takes facts that no job's history tells: of deliveries, and samples. */
export type FactWriter = {
  /** Stored once it answers. What was written before counts once: a write whose answer was lost may be repeated. */
  write(project: ProjectId, facts: readonly JobFacts[]): Promise<void>;
};
