import { describe, expect, test } from 'vitest';

import { makeOutside, type OutsideRequest } from '../../../src/services/outbound/outside.ts';

type Answers = Readonly<Record<string, () => Response | Promise<Response>>>;

/** Names and their addresses, and what the servers behind them answer. */
function world(dns: Readonly<Record<string, readonly string[] | number>>, answers: Answers) {
  const calls: { url: string; init: RequestInit }[] = [];
  const resolverFetch = async (text: string): Promise<Response> => {
    const { searchParams } = new URL(text);
    const found = dns[searchParams.get('name') ?? ''] ?? 3;
    if (typeof found === 'number') {
      return found === 500 ? new Response('', { status: 500 }) : Response.json({ Status: found });
    }
    const v6 = searchParams.get('type') === 'AAAA';
    const data = found.filter((address) => address.includes(':') === v6);
    const alias = { type: 5, data: 'alias.example.com.' };
    const records = data.map((address) => ({ type: v6 ? 28 : 1, data: address }));
    return Response.json({ Status: 0, Answer: [alias, ...records] });
  };
  const outside = makeOutside({
    async fetch(url, init) {
      calls.push({ url, init });
      const answer = answers[url];
      if (answer === undefined) throw new TypeError('refused');
      return answer();
    },
    resolver: { fetch: resolverFetch, url: 'https://dns.example/dns-query' },
    policy: { allowLoopback: false, ports: new Set() },
    machine: {
      nowMs: () => 0,
      // Time stands still unless a test lets it run out at once.
      wait: (ms, signal) =>
        ms === 0
          ? Promise.resolve()
          : new Promise((resolve) => {
              signal?.addEventListener('abort', () => resolve());
            }),
    },
  });
  const get = (url: string, more: Partial<OutsideRequest> = {}) =>
    outside.get({
      url,
      accept: '*/*',
      bytesMax: 100,
      timeoutMs: 1_000,
      signal: new AbortController().signal,
      ...more,
    });
  return { calls, get };
}

const PUBLIC = { 'example.com': ['93.184.215.14', '2606:2800:21f:cb07::1'] };
const silent = () => new Response(new ReadableStream({}));
/** A chain of redirects with so many left. */
const hop = (left: number) => () =>
  left === 0 ? file() : new Response(null, { status: 301, headers: { location: `/${left - 1}` } });
const file = () => new Response('hello', { headers: { 'content-type': 'text/plain' } });

describe('what the DNS says', () => {
  test.each<[string, readonly string[] | number, string]>([
    ['one private among public addresses', ['93.184.215.14', '10.0.0.1'], 'url_address'],
    ['a private IPv6 address', ['93.184.215.14', 'fd00::1'], 'url_address'],
    ['a loopback', ['127.0.0.1'], 'url_address'],
    ['a mapped address', ['::ffff:8.8.8.8'], 'url_address'],
    ['nothing', [], 'url_unresolvable'],
    ['that there is no such name', 3, 'url_unresolvable'],
    ['something unreadable', ['banana'], 'url_unresolvable'],
  ])('%s refuses the name, and nothing is sent', async (_what, addresses, code) => {
    const { calls, get } = world({ 'example.com': addresses }, {});
    const outcome = await get('https://example.com/');
    expect(outcome).toMatchObject({ ok: false, failure: { class: 'step_input_invalid', code } });
    expect(calls).toEqual([]);
  });

  test.each([2, 5, 500])('an error %d may pass, and nothing is sent meanwhile', async (status) => {
    const { calls, get } = world({ 'example.com': status }, {});
    expect(await get('https://example.com/')).toMatchObject({
      failure: { class: 'network', phase: 'not_sent', code: 'dns_unavailable' },
    });
    expect(calls).toEqual([]);
  });
});

describe('a file from outside', () => {
  test('comes with its type and its name', async () => {
    const answers = { 'https://example.com/a/b%20c.txt?x=1': file };
    const { calls, get } = world(PUBLIC, answers);
    const outcome = await get('https://example.com/a/b%20c.txt?x=1#here');
    expect(outcome).toMatchObject({
      ok: true,
      value: { contentType: 'text/plain', name: 'b c.txt' },
    });
    expect(calls[0]?.init).toMatchObject({
      redirect: 'manual',
      headers: { accept: '*/*', 'user-agent': 'Penstock' },
    });
  });

  test('every hop of a redirect is looked up again, and gets no header of the one before', async () => {
    const dns = { ...PUBLIC, 'inside.example.org': ['10.0.0.1'] };
    const { calls, get } = world(dns, {
      'https://example.com/': () => Response.redirect('https://inside.example.org/x', 302),
    });
    expect(await get('https://example.com/')).toMatchObject({ failure: { code: 'url_address' } });
    expect(calls.map(({ url }) => url)).toEqual(['https://example.com/']);
  });

  test.each([
    'http://example.com/',
    'https://u:p@example.com/',
    'file:///etc/passwd',
    'https://[::1]/',
    'https://',
  ])('a redirect to %s is refused', async (location) => {
    const answer = () => new Response(null, { status: 308, headers: { location } });
    const { calls, get } = world(PUBLIC, { 'https://example.com/': answer });
    expect(await get('https://example.com/')).toMatchObject({
      failure: { class: 'step_input_invalid' },
    });
    expect(calls).toHaveLength(1);
  });

  test('five redirects are followed, a sixth is not', async () => {
    const answers = Object.fromEntries(
      [0, 1, 2, 3, 4, 5, 6].map((left) => [`https://example.com/${left}`, hop(left)]),
    );
    const { get } = world(PUBLIC, answers);
    expect(await get('https://example.com/5')).toMatchObject({ ok: true });
    expect(await get('https://example.com/6')).toMatchObject({
      failure: { code: 'url_redirects' },
    });
  });

  test('is not read further than its cap, whatever its length says', async () => {
    let pulled = 0;
    const endless = () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            pulled += 1;
            controller.enqueue(new Uint8Array(40));
          },
        }),
      );
    const { get } = world(PUBLIC, {
      'https://example.com/endless': endless,
      'https://example.com/announced': () =>
        new Response('x', { headers: { 'content-length': '101' } }),
      'https://example.com/exact': () => new Response('x'.repeat(100)),
      'https://example.com/short': () => new Response('x', { headers: { 'content-length': '50' } }),
    });
    const tooLarge = { failure: { class: 'payload_too_large', code: 'max_bytes' } };
    expect(await get('https://example.com/endless')).toMatchObject(tooLarge);
    expect(pulled).toBeLessThan(6);
    expect(await get('https://example.com/announced')).toMatchObject(tooLarge);
    expect(await get('https://example.com/exact')).toMatchObject({ ok: true });
    expect(await get('https://example.com/short')).toMatchObject({
      failure: { class: 'network', code: 'body_cut' },
    });
  });

  test('that does not come in time is given up, also in the middle of a read', async () => {
    const { get } = world(PUBLIC, { 'https://example.com/': silent });
    expect(await get('https://example.com/', { timeoutMs: 0 })).toMatchObject({
      failure: { class: 'timeout' },
    });
    const abort = new AbortController();
    const got = get('https://example.com/', { signal: abort.signal });
    abort.abort('cancel');
    expect(await got).toMatchObject({ failure: { class: 'cancelled' } });
    expect(await get('https://example.com/', { signal: abort.signal })).toMatchObject({
      failure: { class: 'cancelled', phase: 'not_sent' },
    });
  });

  test.each([
    [401, 'permission'],
    [403, 'permission'],
    [404, 'invalid_request'],
    [408, 'timeout'],
    [410, 'invalid_request'],
    [429, 'rate_limited'],
    [500, 'provider_internal'],
    [503, 'overloaded'],
    [504, 'timeout'],
    [304, 'invalid_request'],
  ])('an answer %d is a failure of the class %s', async (status, failureClass) => {
    const answer = () => new Response(null, { status });
    const { get } = world(PUBLIC, { 'https://example.com/': answer });
    expect(await get('https://example.com/')).toMatchObject({
      failure: { class: failureClass, status, code: `http_${status}` },
    });
  });

  test('a host that does not answer is a failure of the network', async () => {
    const { get } = world(PUBLIC, {});
    expect(await get('https://example.com/')).toMatchObject({ failure: { class: 'network' } });
  });
});
