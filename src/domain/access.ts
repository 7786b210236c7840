import type { ProjectId } from './ids.ts';

/** What an API key may do. Append, never rename: keys are stored with their scopes. */
export const scopes = [
  'jobs:read',
  'jobs:write',
  'pipelines:read',
  'pipelines:write',
  'admin',
  'files:read',
  'files:write',
  'prices:read',
  'prices:write',
  'webhooks:read',
  'webhooks:write',
  'metrics:read',
  'budgets:read',
  'budgets:write',
  'feedback:read',
  'feedback:write',
] as const;
export type Scope = (typeof scopes)[number];

/** Who is asking, and in whose name. Every service takes one and checks it first. */
export type Actor = {
  /** `root`, or the id of an API key; recorded as `by` in histories. */
  readonly id: string;
  readonly project: ProjectId;
  readonly scopes: ReadonlySet<Scope>;
  /** True for the deployment's root key: it may create projects, and keys in any of them. */
  readonly isRoot: boolean;
  /** The project's own limit on jobs under way at once; absent or null without one. */
  readonly maxConcurrentJobs?: number | null;
};
