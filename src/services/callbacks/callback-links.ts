import { z } from 'zod';

import { isJobId, isProjectId, type JobId, type ProjectId } from '../../domain/ids.ts';
import type { SignedTokens } from '../signed-token.ts';

/** Which attempt a callback is about. */
export type CallbackLink = {
  readonly project: ProjectId;
  readonly job: JobId;
  readonly step: string;
  readonly item: number | null;
  readonly attempt: number;
  readonly startedAtMs: number;
};

/** Where a provider may report the end of an attempt. */
export type CallbackLinks = (provider: string, link: CallbackLink) => Promise<string>;

/** No attempt takes longer. */
const LINK_LIFE_MS = 31 * 86_400_000;

/** Addresses below the deployment's own, each good for one attempt: whoever knows one may speak of that attempt. */
export function makeCallbackLinks(tokens: SignedTokens, publicBaseUrl: string): CallbackLinks {
  const base = publicBaseUrl.replace(/\/+$/, '');
  return async (provider, { project, job, step, item, attempt, startedAtMs }) => {
    const payload: CallbackPayload = { provider, project, job, step, item, attempt };
    const token = await tokens.sign('callback', payload, startedAtMs + LINK_LIFE_MS);
    return `${base}/callbacks/${provider}/${token}`;
  };
}

/** What a callback's token says. */
export const callbackPayload = z.object({
  provider: z.string(),
  project: z.custom<ProjectId>((text) => typeof text === 'string' && isProjectId(text)),
  job: z.custom<JobId>((text) => typeof text === 'string' && isJobId(text)),
  step: z.string(),
  item: z.int().nullable(),
  attempt: z.int(),
});
export type CallbackPayload = z.infer<typeof callbackPayload>;
