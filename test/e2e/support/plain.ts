import type { JsonObject } from '../../../src/domain/json.ts';
import { newTenant, type Answer, type Sending, type Tenant } from './api.ts';
import { ended, listedWhen, publish, submit } from './jobs.ts';
import { plainPipeline } from './pipelines.ts';

/** A job of the pipeline that `withPlain` publishes. */
export const PLAIN = { pipeline: 'plain', input: { text: 'words' } };

/** A project with the plain pipeline, called `plain`. */
export async function withPlain(more?: JsonObject): Promise<Tenant> {
  const api = await newTenant();
  await publish(api, plainPipeline('plain', more));
  return api;
}

/** Submits a body as it stands. */
export function postRaw(
  api: Tenant,
  raw: NonNullable<Sending['raw']>,
  headers: Record<string, string> = {},
): Promise<Answer<unknown>> {
  return api.send('POST', '/v1/jobs', undefined, { raw, headers });
}

/** After refusals: the one good job that follows is the only one there is. */
export async function expectNothingCreated(api: Tenant): Promise<void> {
  const { id } = await submit(api, PLAIN);
  await ended(api, id);
  await listedWhen(api, [id], '?limit=100', ({ terminal, id: other }) => terminal || other !== id);
}
