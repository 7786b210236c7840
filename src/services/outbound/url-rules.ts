import { parseAddress, type Address } from './address.ts';
import { forbiddenRange } from './address-ranges.ts';

/** What the deployment's settings allow beyond the rules. */
export type UrlPolicy = {
  /** Local development only: loopback addresses, over http and on any port. */
  readonly allowLoopback: boolean;
  /** Ports besides 443. */
  readonly ports: ReadonlySet<number>;
};

/** Which rule a URL breaks. Shown to users: append, never rename. */
export type UrlRule =
  | 'url_invalid'
  | 'url_scheme'
  | 'url_credentials'
  | 'url_port'
  | 'url_host'
  | 'url_address'
  | 'url_unresolvable'
  | 'url_redirects';

/** `message` is a sentence of ours that repeats nothing of the URL. */
export type UrlRefusal = { readonly rule: UrlRule; readonly message: string };

export type UrlVerdict =
  /** `resolve` is the name to be looked up first; null for an address, which has been judged. */
  | { readonly ok: true; readonly url: URL; readonly resolve: string | null }
  | { readonly ok: false; readonly refusal: UrlRefusal };

const URL_CHARACTERS_MAX = 2_048;

/** Names that lead to no public server (RFC 6761, RFC 6762, RFC 8375, RFC 9476, and what private networks use). */
const PRIVATE_SUFFIXES =
  /(^|\.)(localhost|local|localdomain|internal|intranet|private|corp|home|lan|arpa|onion|test|invalid|example|alt)$/;

const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/**
 * Holds a URL against everything that can be known without asking anyone. The URL parser has turned every spelling of
 * an address (decimal, octal, hexadecimal, short, full-width digits, escapes) into one form before it is judged.
 */
export function judgeUrl(text: string, policy: UrlPolicy): UrlVerdict {
  if (text.length > URL_CHARACTERS_MAX) {
    return refused('url_invalid', `the URL is longer than ${URL_CHARACTERS_MAX} characters`);
  }
  const url = parse(text);
  if (url === null) return refused('url_invalid', 'the URL is not a valid absolute URL');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return refused('url_scheme', 'only https URLs are fetched');
  }
  if (url.username !== '' || url.password !== '') {
    return refused('url_credentials', 'the URL carries a user name or a password; take them out');
  }
  return judgeHost(url, policy);
}

function judgeHost(url: URL, policy: UrlPolicy): UrlVerdict {
  const host = hostOf(url);
  const address = parseAddress(host);
  const loopback = address === null ? host === 'localhost' : isLoopback(address);
  // The settings of local development open the loopback, and nothing else.
  if (loopback && policy.allowLoopback) return { ok: true, url, resolve: null };
  if (url.protocol !== 'https:') return refused('url_scheme', 'only https URLs are fetched');
  if (url.port !== '' && !policy.ports.has(Number(url.port))) {
    const message = 'the URL names a port other than 443; FETCH_PORTS lists those that are allowed';
    return refused('url_port', message);
  }
  if (address !== null) {
    const refusal = addressRefusal(address, policy);
    return refusal === null ? { ok: true, url, resolve: null } : { ok: false, refusal };
  }
  const refusal = nameRefusal(host);
  return refusal === null ? { ok: true, url, resolve: host } : { ok: false, refusal };
}

/** The host without brackets and without the dot that may end a name. */
function hostOf({ hostname }: URL): string {
  if (hostname.startsWith('[')) return hostname.slice(1, -1);
  return hostname.toLowerCase().replace(/\.$/, '');
}

/** Null for an address that may be called. */
export function addressRefusal(address: Address, { allowLoopback }: UrlPolicy): UrlRefusal | null {
  const range = forbiddenRange(address);
  if (range === null || (range === 'loopback' && allowLoopback)) return null;
  const message = `the address is not on the public internet: its range is ${range}`;
  return { rule: 'url_address', message };
}

function isLoopback(address: Address): boolean {
  return forbiddenRange(address) === 'loopback';
}

function nameRefusal(name: string): UrlRefusal | null {
  const labels = name.split('.');
  const wellFormed = name.length <= 253 && labels.every((label) => LABEL.test(label));
  // What ends in a number is an address in some spelling: the parser knows them all, so this is none of them.
  if (!wellFormed || /^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '')) {
    return { rule: 'url_host', message: 'the host is neither an address nor a name of the DNS' };
  }
  if (labels.length > 1 && !PRIVATE_SUFFIXES.test(name)) return null;
  return {
    rule: 'url_host',
    message: 'the host is a name of private networks; only public names are fetched',
  };
}

function parse(text: string): URL | null {
  // The parser strips what others take for a part of the URL.
  if (!/^[!-~\u{80}-\u{10ffff}]+$/u.test(text) || text.includes('\\')) return null;
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

export function refused(
  rule: UrlRule,
  message: string,
): { readonly ok: false; readonly refusal: UrlRefusal } {
  return { ok: false, refusal: { rule, message } };
}
