import type { JobId } from '../ids.ts';

/** The job that another one runs again, and the step from which on; null when nothing is taken over from it. */
export type RerunOf = { readonly jobId: JobId; readonly fromStep: string | null };
