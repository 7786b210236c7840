import type { Failure, Outcome } from '../../domain/job/failure.ts';
import type { Machine } from '../ports/runtime.ts';
import { readCapped } from './read-capped.ts';
import { networkFailure, refusalFailure, statusFailure } from './outside-failure.ts';
import { resolveName, type OutsideFetch, type Resolver } from './resolve-name.ts';
import { judgeUrl, type UrlPolicy } from './url-rules.ts';

/**
 * Everything that is fetched from an address that a user or a provider has named, and that may be hostile: O1 to O5
 * hold for each of its requests, and for each hop of a redirect.
 *
 * O1  The URL keeps the rules of `url-rules.ts`.
 * O2  Every address that the DNS has for its host is public.
 * O3  Nothing of the deployment goes along: no key, no cookie, no header of an earlier hop.
 * O4  It ends in time, whatever the other side does.
 * O5  No more bytes are read than were asked for, whatever the headers say.
 *
 * A Worker cannot say which address a name is to be called at: between the check and the call the DNS may answer
 * otherwise (DNS rebinding). On Cloudflare the call leaves from a network that reaches no private addresses; that, and
 * the check, are what stands against it.
 */
export type Outside = {
  /** Holds a URL against the rules, and looks its host up. */
  check(url: string, signal: AbortSignal): Promise<Outcome<URL>>;
  /** Fetches a file. Aborting with the reason `cancel` or `deadline` ends it. */
  get(request: OutsideRequest): Promise<Outcome<Fetched>>;
};

export type OutsideRequest = {
  readonly url: string;
  /** Types that are wanted, for the header `accept`. */
  readonly accept: string;
  readonly bytesMax: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
};

export type Fetched = {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** As the server declares it; null when it does not. */
  readonly contentType: string | null;
  /** What the server, or the URL's path, calls the file. */
  readonly name: string | null;
  /** Where it was found after all redirects. */
  readonly url: string;
};

export type OutsideDeps = {
  readonly fetch: OutsideFetch;
  readonly resolver: Resolver;
  readonly policy: UrlPolicy;
  readonly machine: Pick<Machine, 'wait' | 'nowMs'>;
};

const REDIRECTS_MAX = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export function makeOutside(deps: OutsideDeps): Outside {
  return {
    check: (url, signal) => check(deps, url, signal),
    get: (request) => inTime(deps, request, (signal) => follow(deps, request, signal)),
  };
}

async function check(
  { resolver, policy }: OutsideDeps,
  text: string,
  signal: AbortSignal,
): Promise<Outcome<URL>> {
  const verdict = judgeUrl(text, policy);
  if (!verdict.ok) return { ok: false, failure: refusalFailure(verdict.refusal) };
  if (verdict.resolve === null) return { ok: true, value: verdict.url };
  const resolved = await resolveName(resolver, verdict.resolve, policy, signal);
  switch (resolved.kind) {
    case 'public':
      return { ok: true, value: verdict.url };
    case 'refused':
      return { ok: false, failure: refusalFailure(resolved.refusal) };
    case 'unavailable': {
      const message = 'the host could not be looked up, and what is not looked up is not fetched';
      return { ok: false, failure: networkFailure('not_sent', 'dns_unavailable', message) };
    }
  }
}

/** Gives up when the time is over, even where the other side holds a read for ever. */
async function inTime(
  { machine }: OutsideDeps,
  { signal: outer, timeoutMs }: OutsideRequest,
  work: (signal: AbortSignal) => Promise<Outcome<Fetched>>,
): Promise<Outcome<Fetched>> {
  const abort = new AbortController();
  const timer = new AbortController();
  const pass = (): void => abort.abort(outer.reason);
  if (outer.aborted) return { ok: false, failure: aborted(outer.reason, 'not_sent') };
  outer.addEventListener('abort', pass);
  const late = machine.wait(timeoutMs, timer.signal).then(() => {
    if (!timer.signal.aborted) abort.abort('deadline');
  });
  const cut = new Promise<Outcome<Fetched>>((resolve) => {
    abort.signal.addEventListener('abort', () =>
      resolve({ ok: false, failure: aborted(abort.signal.reason, 'unknown') }),
    );
  });
  try {
    return await Promise.race([work(abort.signal), cut]);
  } finally {
    outer.removeEventListener('abort', pass);
    timer.abort();
    await late;
  }
}

function aborted(reason: unknown, phase: Failure['phase']): Failure {
  if (reason === 'cancel') {
    return { class: 'cancelled', phase, message: 'the fetch was stopped because of a cancel' };
  }
  return { class: 'timeout', phase, message: 'the file did not arrive in time' };
}

async function follow(
  deps: OutsideDeps,
  request: OutsideRequest,
  signal: AbortSignal,
): Promise<Outcome<Fetched>> {
  let text = request.url;
  for (let hops = 0; hops <= REDIRECTS_MAX; hops += 1) {
    const checked = await check(deps, text, signal);
    if (!checked.ok) return checked;
    const answer = await send(deps, checked.value, request, signal);
    if (!answer.ok) return answer;
    const next = REDIRECTS.has(answer.value.status) ? answer.value.headers.get('location') : null;
    if (next === null) return receive(answer.value, checked.value, request);
    await discard(answer.value);
    text = absolute(next, checked.value);
  }
  const message = `the URL leads through more than ${REDIRECTS_MAX} redirects`;
  return { ok: false, failure: refusalFailure({ rule: 'url_redirects', message }) };
}

/** A `Location` may be relative; one that is no URL at all is refused at the next hop. */
function absolute(location: string, base: URL): string {
  try {
    return new URL(location, base).href;
  } catch {
    return location;
  }
}

async function send(
  { fetch }: OutsideDeps,
  url: URL,
  { accept }: OutsideRequest,
  signal: AbortSignal,
): Promise<Outcome<Response>> {
  const bare = new URL(url);
  bare.hash = '';
  const headers = { accept, 'user-agent': 'Penstock' };
  try {
    const response = await fetch(bare.href, { method: 'GET', headers, redirect: 'manual', signal });
    return { ok: true, value: response };
  } catch {
    const message = 'the host did not answer: no connection, or it broke before the answer';
    return { ok: false, failure: networkFailure('unknown', 'no_answer', message) };
  }
}

async function receive(
  response: Response,
  url: URL,
  { bytesMax }: OutsideRequest,
): Promise<Outcome<Fetched>> {
  if (response.status < 200 || response.status > 299) {
    await discard(response);
    return { ok: false, failure: statusFailure(response) };
  }
  const read = await readCapped(response, bytesMax);
  if (!read.ok) return read;
  const { headers } = response;
  const contentType = headers.get('content-type');
  const name = nameOf(headers.get('content-disposition'), url);
  return { ok: true, value: { bytes: read.value, contentType, name, url: url.href } };
}

async function discard(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => {});
}

const NAME_CHARACTERS_MAX = 200;

/** `filename` of a Content-Disposition (RFC 6266), else the end of the path; without folders and control characters. */
function nameOf(disposition: string | null, { pathname }: URL): string | null {
  const given = /filename\s*=\s*"?([^";]+)"?/i.exec(disposition ?? '')?.[1];
  const name = (given ?? decoded(pathname))
    .split(/[/\\]/)
    .at(-1)
    ?.replaceAll(/\p{Cc}/gu, '')
    .trim()
    .slice(0, NAME_CHARACTERS_MAX);
  return name === undefined || name === '' ? null : name.toWellFormed();
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
