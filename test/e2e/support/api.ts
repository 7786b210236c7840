import { inject } from 'vitest';

import type { Scope } from '../../../src/domain/access.ts';
import { checkContract } from './contract.ts';

/** An answer as it came: nothing here throws on a status. */
export type Answer<Body> = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed JSON, in the shape that the caller expects of it. */
  readonly body: Body;
};

export type Sending = {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Sent as it stands, in the place of a JSON body. */
  readonly raw?: string | Uint8Array<ArrayBuffer>;
};

export type Api = {
  readonly url: string;
  readonly key: string;
  send<Body>(
    method: string,
    path: string,
    body?: unknown,
    sending?: Sending,
  ): Promise<Answer<Body>>;
};

/** Calls a server as its users do. Every answer is held against the published contract. */
export function makeApi(url: string, key: string, headers: Record<string, string> = {}): Api {
  return {
    url,
    key,
    async send(method: string, path: string, body?: unknown, sending: Sending = {}) {
      const payload = sending.raw ?? (body === undefined ? undefined : JSON.stringify(body));
      const reply = await fetch(`${url}${path}`, {
        method,
        redirect: 'manual',
        headers: {
          ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
          ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
          ...sending.headers,
        },
        ...(payload === undefined ? {} : { body: payload }),
        ...(sending.signal === undefined ? {} : { signal: sending.signal }),
      });
      const text = await reply.text();
      const answer = { status: reply.status, headers: reply.headers, text, body: parsed(text) };
      await checkContract(url, { method, path, answer });
      // The caller names the shape; the contract has been held against it.
      return { ...answer, body: answer.body as never };
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A project of its own with a key that may do everything but administer. */
export type Tenant = Api & { readonly project: string };

export type Place = { readonly url: string; readonly rootKey: string };

/** Makes a project and a key, so that no test sees another one's jobs. */
export async function newTenant(place: Place = inject('shared')): Promise<Tenant> {
  const root = makeApi(place.url, place.rootKey);
  const project = await root.send<{ id: string }>('POST', '/v1/projects', { name: 'a test' });
  const key = await newKey(place, project.body.id);
  return { ...makeApi(place.url, key.key), project: project.body.id };
}

export type CreatedKey = { readonly id: string; readonly key: string };

/** Another key for a project; with the scopes of a usual one unless told otherwise. */
export async function newKey(
  place: Place,
  project: string,
  scopes?: readonly Scope[],
): Promise<CreatedKey> {
  const root = makeApi(place.url, place.rootKey);
  const key = await root.send<CreatedKey>('POST', '/v1/api-keys', {
    name: 'a key',
    project,
    ...(scopes === undefined ? {} : { scopes }),
  });
  return key.body;
}

/** The deployment's root key, working in the default project or in the given one. */
export function rootApi(project?: string): Api {
  const { url, rootKey } = inject('shared');
  return makeApi(url, rootKey, project === undefined ? {} : { 'penstock-project': project });
}
