import { attemptKey } from '../../domain/job/attempt.ts';
import { shardOf, type JobId } from '../../domain/ids.ts';
import type { Json } from '../../domain/json.ts';
import type { StoredValue } from '../../domain/job/stored-value.ts';
import type { CallbackRequest } from '../../providers/port.ts';
import type { JobShards } from '../ports/job-shard/job-shard.ts';
import { objectKey, type Objects } from '../ports/values/objects.ts';
import type { Providers } from '../ports/targets/providers.ts';
import type { Machine } from '../ports/runtime.ts';
import { done, refuse, type Result } from '../result.ts';
import type { SignedTokens } from '../signed-token.ts';
import { callbackPayload, type CallbackPayload } from './callback-links.ts';

/** The largest body that a provider may call back with. */
export const CALLBACK_BYTES_MAX = 25 * 1024 * 1024;

export type CallbackDeps = {
  readonly tokens: SignedTokens | null;
  readonly providers: Providers;
  readonly objects: Objects;
  readonly shards: JobShards;
  readonly machine: Machine;
};

export type TakenCallback = { readonly taken: boolean; readonly jobId: JobId };

export type Callback = Pick<CallbackRequest, 'headers' | 'body'> & {
  readonly provider: string;
  readonly token: string;
};

/**
 * Takes what a provider says of an attempt. The token says which attempt, the provider's own signature that it is the
 * provider who speaks. The body is stored before the job's shard is told, so that whoever asks next can read it; what
 * comes twice, or after the attempt's end, is answered like any other and changes nothing.
 */
export async function receiveCallback(
  deps: CallbackDeps,
  callback: Callback,
): Promise<Result<TakenCallback>> {
  const link = await linkOf(deps, callback);
  const adapter = deps.providers.get(callback.provider);
  if (link === null || adapter?.callbacks === undefined) return unknownAddress();
  const { headers, body } = callback;
  const nowMs = deps.machine.nowMs();
  const verdict = await adapter.callbacks.verify({ headers, body, nowMs });
  if (verdict.kind === 'refused') {
    return refuse('unauthenticated', `this callback was not accepted: ${verdict.reason}`);
  }
  const text = jsonText(body);
  if (text === null) return refuse('invalid_request', 'the body of a callback has to be JSON');
  return tell(deps, link, await store(deps, link, text));
}

function unknownAddress() {
  return refuse('not_found', 'nobody waits for a callback at this address');
}

/** The attempt that a token speaks of; null for one that is not ours, too old, or another provider's. */
async function linkOf(
  { tokens, machine }: CallbackDeps,
  { provider, token }: Callback,
): Promise<CallbackPayload | null> {
  const verdict = await tokens?.verify('callback', token, machine.nowMs());
  if (verdict?.kind !== 'valid') return null;
  const payload = callbackPayload.safeParse(verdict.payload);
  return payload.success && payload.data.provider === provider ? payload.data : null;
}

/** The body as compact JSON; null when it is none. */
function jsonText(body: Uint8Array): string | null {
  try {
    const value: Json = JSON.parse(
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(body),
    );
    return JSON.stringify(value);
  } catch {
    return null;
  }
}

async function store(
  { objects, machine }: CallbackDeps,
  { project, job, step, item, attempt }: CallbackPayload,
  text: string,
): Promise<StoredValue> {
  const sha256 = await machine.sha256(text);
  const name = `callback-${sha256.slice(0, 16)}.json`;
  const key = objectKey(project, job, attemptKey(step, item, attempt), name);
  await objects.put(key, text, sha256);
  return { at: 'r2', key, bytes: new TextEncoder().encode(text).byteLength, sha256 };
}

async function tell(
  { shards, objects }: CallbackDeps,
  { project, job, step, item, attempt }: CallbackPayload,
  callback: StoredValue,
): Promise<Result<TakenCallback>> {
  const home = shards.of(project, shardOf(job));
  const { kind } = await home.callBack({ jobId: job, step, item, attempt, callback });
  if (kind !== 'gone') return done({ taken: kind === 'taken', jobId: job });
  // Nobody else would delete it.
  await objects.deleteJob(project, job);
  return unknownAddress();
}
