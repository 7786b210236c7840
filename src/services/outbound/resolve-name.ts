import { z } from 'zod';

import { parseAddress } from './address.ts';
import { addressRefusal, refused, type UrlPolicy, type UrlRefusal } from './url-rules.ts';

export type OutsideFetch = (url: string, init: RequestInit) => Promise<Response>;

export type Resolver = {
  readonly fetch: OutsideFetch;
  /** A DNS-over-HTTPS service with a JSON answer, such as `https://cloudflare-dns.com/dns-query`. */
  readonly url: string;
};

export type Resolved =
  | { readonly kind: 'public' }
  | { readonly kind: 'refused'; readonly refusal: UrlRefusal }
  /** The resolver gave no answer: asking again may help. */
  | { readonly kind: 'unavailable' };

/** The JSON form of a DNS answer, as Cloudflare and Google give it; `type` 1 is A, 28 is AAAA (RFC 1035, RFC 3596). */
const answerSchema = z.object({
  Status: z.int(),
  Answer: z.array(z.object({ type: z.int(), data: z.string() })).optional(),
});
const TYPES = { A: 1, AAAA: 28 } as const;

/** DNS response codes (RFC 1035): the name exists; it does not. */
const NO_ERROR = 0;
const NO_SUCH_NAME = 3;
const ANSWER_CHARACTERS_MAX = 65_536;

/**
 * Looks a name up and judges every address it has: one that is not public refuses the name. A name without an
 * address, or of which only one kind of address could be looked up, is not public either.
 */
export async function resolveName(
  resolver: Resolver,
  name: string,
  policy: UrlPolicy,
  signal: AbortSignal,
): Promise<Resolved> {
  const found = await Promise.all([
    lookUp(resolver, name, 'A', signal),
    lookUp(resolver, name, 'AAAA', signal),
  ]);
  const addresses: string[] = [];
  for (const answer of found) {
    if (answer === null) return { kind: 'unavailable' };
    addresses.push(...answer);
  }
  if (addresses.length === 0) {
    const { refusal } = refused('url_unresolvable', 'the DNS knows no address of the host');
    return { kind: 'refused', refusal };
  }
  return judgeAll(addresses, policy);
}

function judgeAll(addresses: readonly string[], policy: UrlPolicy): Resolved {
  for (const text of addresses) {
    const address = parseAddress(text);
    const refusal =
      address === null
        ? refused('url_unresolvable', 'the DNS gave an address that cannot be read').refusal
        : addressRefusal(address, policy);
    if (refusal !== null) return { kind: 'refused', refusal };
  }
  return { kind: 'public' };
}

/** The addresses of one kind; none for a name that does not exist or has none; null when nobody can tell. */
async function lookUp(
  { fetch, url }: Resolver,
  name: string,
  type: keyof typeof TYPES,
  signal: AbortSignal,
): Promise<readonly string[] | null> {
  const query = new URL(url);
  query.searchParams.set('name', name);
  query.searchParams.set('type', type);
  try {
    const response = await fetch(query.href, {
      headers: { accept: 'application/dns-json' },
      redirect: 'manual',
      signal,
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      return null;
    }
    return addressesIn(await response.text(), TYPES[type]);
  } catch {
    return null;
  }
}

function addressesIn(text: string, type: number): readonly string[] | null {
  if (text.length > ANSWER_CHARACTERS_MAX) return null;
  const parsed = answerSchema.safeParse(JSON.parse(text));
  if (!parsed.success) return null;
  const { Status: status, Answer: answer = [] } = parsed.data;
  if (status === NO_SUCH_NAME) return [];
  // Aliases (CNAME) stand among the answers; what they lead to does as well.
  return status === NO_ERROR
    ? answer.filter((record) => record.type === type).map(({ data }) => data)
    : null;
}
