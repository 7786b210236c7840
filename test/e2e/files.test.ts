import { createHash, randomBytes } from 'node:crypto';
import { createServer, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { FileView } from '../../src/services/views/file-view.ts';
import { makeSignedTokens } from '../../src/services/signed-token.ts';
import { newKey, newTenant, makeApi, type Answer, type Tenant } from './support/api.ts';
import { ended, publish, submit, type Page } from './support/jobs.ts';
import { startOwnServer, type OwnServer } from './support/own-server.ts';
import { expectProblem } from './support/problem.ts';
import { until } from './support/until.ts';

const MAX = 24_000_000;
const SECRET = 'x'.repeat(40);
const PNG = Uint8Array.from(
  atob(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  ),
  (character) => character.charCodeAt(0),
);

let server: OwnServer;
let outside: Outside;

beforeAll(async () => {
  outside = await startOutside();
  server = await startOwnServer({
    FILE_MAX_BYTES: String(MAX),
    ALLOW_LOOPBACK_URLS: 'true',
    SIGNING_SECRET: SECRET,
    PUBLIC_BASE_URL: 'http://127.0.0.1:9',
    DNS_RESOLVER_URL: `${outside.url}/dns`,
  });
});

afterAll(async () => {
  await server.close();
  outside.close();
});

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

type Sent = { readonly type?: string; readonly query?: string; readonly key?: string };

/** Uploads a file as the body itself. */
function upload(api: Tenant, bytes: Uint8Array<ArrayBuffer>, sent: Sent = {}) {
  const { type = 'application/octet-stream', query = '', key } = sent;
  const headers = {
    'content-type': type,
    ...(key === undefined ? {} : { 'idempotency-key': key }),
  };
  return api.send<FileView>('POST', `/v1/files${query}`, undefined, { raw: bytes, headers });
}

/** Uploads a file in a form. */
async function uploadForm(api: Tenant, form: FormData): Promise<Answer<FileView>> {
  const encoded = new Response(form);
  const raw = new Uint8Array(await encoded.arrayBuffer());
  const headers = { 'content-type': encoded.headers.get('content-type') ?? '' };
  return api.send<FileView>('POST', '/v1/files', undefined, { raw, headers });
}

async function content(api: Tenant, id: string, headers: Record<string, string> = {}) {
  const answer = await fetch(`${api.url}/v1/files/${id}/content`, {
    headers: { authorization: `Bearer ${api.key}`, ...headers },
  });
  return { answer, bytes: new Uint8Array(await answer.arrayBuffer()) };
}

describe('an upload', () => {
  test('of 20 MB, sent in pieces without a length, comes back byte for byte', async () => {
    const api = await newTenant(server);
    const bytes = Uint8Array.from(randomBytes(20_000_000));
    const answer = await sendInPieces(api, bytes);
    expect(answer.status).toBe(201);
    const file = JSON.parse(answer.text) as FileView;
    expect(file).toMatchObject({
      bytes: bytes.length,
      sha256: sha256(bytes),
      mime_type: 'audio/x-raw',
    });
    const read = await content(api, file.id);
    expect(sha256(read.bytes)).toBe(file.sha256);
    expect(read.answer.headers.get('content-length')).toBe(String(bytes.length));
    const across = await content(api, file.id, { range: 'bytes=8388600-8388615' });
    expect(across.answer.status).toBe(206);
    expect([...across.bytes]).toEqual([...bytes.subarray(8_388_600, 8_388_616)]);
  });

  test('in a form is kept under its name, with the type of its bytes', async () => {
    const api = await newTenant(server);
    const form = new FormData();
    form.set('expires_in', '2h');
    form.set('file', new Blob([PNG], { type: 'image/png' }), 'größe "1".png');
    const { status, body } = await uploadForm(api, form);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      name: 'größe "1".png',
      mime_type: 'image/png',
      bytes: PNG.length,
    });
    expect(Date.parse(body.expires_at ?? '') - Date.parse(body.created_at)).toBe(7_200_000);
    const { answer, bytes } = await content(api, body.id);
    expect([...bytes]).toEqual([...PNG]);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-disposition': "attachment; filename*=UTF-8''gr%C3%B6%C3%9Fe%20%221%22.png",
      'x-content-type-options': 'nosniff',
      etag: `"${body.sha256}"`,
    });
    expect((await api.send('GET', `/v1/files/${body.id}`)).body).toEqual(body);
  });

  test('with an expiry after the file is taken as well', async () => {
    const api = await newTenant(server);
    const form = new FormData();
    form.set('file', new Blob(['a,b\n1,2\n'], { type: 'text/csv' }), 'a.csv');
    form.set('expires_in', '1h');
    const { body } = await uploadForm(api, form);
    expect(body.mime_type).toBe('text/csv');
    expect(Date.parse(body.expires_at ?? '') - Date.parse(body.created_at)).toBe(3_600_000);
  });

  test.each<[string, Uint8Array<ArrayBuffer>, string, { status: number; code: string }, RegExp]>([
    [
      'a PNG declared as PDF',
      PNG,
      'application/pdf',
      { status: 422, code: 'file_type_mismatch' },
      /those of image\/png/,
    ],
    [
      'text declared as PNG',
      utf8('hello'),
      'image/png',
      { status: 422, code: 'file_type_mismatch' },
      /plain text/,
    ],
    [
      'a program',
      utf8('\u007fELF....'),
      'application/octet-stream',
      { status: 415, code: 'unsupported_media_type' },
      /not accepted/,
    ],
    [
      'what is no type',
      utf8('hello'),
      'nonsense',
      { status: 415, code: 'unsupported_media_type' },
      /media type/,
    ],
  ])('of %s is refused, and leaves nothing', async (_what, bytes, type, expected, words) => {
    const api = await newTenant(server);
    const answer = await upload(api, bytes, { type });
    expectProblem(answer, { ...expected, at: { '/headers/content-type': words } });
    expect((await api.send<Page<FileView>>('GET', '/v1/files')).body.data).toEqual([]);
  });

  test('that is too large is refused before its end, announced or not', async () => {
    const api = await newTenant(server);
    const announced = await upload(api, new Uint8Array(MAX + 100_000), { type: 'audio/x-raw' });
    expectProblem(announced, {
      status: 413,
      code: 'payload_too_large',
      at: { '/file': /24000000/ },
    });
    const found = await sendInPieces(api, new Uint8Array(MAX + 1), 1_000_000);
    expect(found.status).toBe(413);
    expect((await api.send<Page<FileView>>('GET', '/v1/files')).body.data).toEqual([]);
  });

  test('of nothing, of two files, and of an unknown field is refused', async () => {
    const api = await newTenant(server);
    const empty = new FormData();
    empty.set('file', new Blob([]), 'empty');
    const two = new FormData();
    two.append('file', new Blob(['a']), 'a.txt');
    two.append('file', new Blob(['b']), 'b.txt');
    const unknown = new FormData();
    unknown.set('purpose', 'vision');
    const at = { status: 400, code: 'invalid_request' };
    expectProblem(await uploadForm(api, empty), { ...at, at: { '/file': /empty/ } });
    expectProblem(await uploadForm(api, two), { ...at, at: { '/file': /more than one/ } });
    expectProblem(await uploadForm(api, unknown), { ...at, at: { '/purpose': /not a field/ } });
  });

  test('under an idempotency key is made once', async () => {
    const api = await newTenant(server);
    const first = await upload(api, utf8('once'), { type: 'text/plain', key: 'k1' });
    const again = await upload(api, utf8('once'), { type: 'text/plain', key: 'k1' });
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    const other = await upload(api, utf8('other'), { type: 'text/plain', key: 'k1' });
    expectProblem(other, {
      status: 422,
      code: 'idempotency_key_reused',
      at: { '/headers/idempotency-key': /other bytes/ },
    });
    expect((await api.send<Page<FileView>>('GET', '/v1/files')).body.data).toEqual([first.body]);
  });

  test('that is cut off leaves nothing', async () => {
    const api = await newTenant(server);
    await cutOff(api, randomBytes(9_000_000));
    expect((await api.send<Page<FileView>>('GET', '/v1/files')).body.data).toEqual([]);
  });
});

describe('a file', () => {
  test('is listed newest first, in pages', async () => {
    const api = await newTenant(server);
    const ids: string[] = [];
    for (const text of ['a', 'b', 'c']) {
      ids.unshift((await upload(api, utf8(text), { type: 'text/plain' })).body.id);
    }
    const first = await api.send<Page<FileView>>('GET', '/v1/files?limit=2');
    expect(first.body.data.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    expect(first.body.next_cursor).toBe(ids[1]);
    const second = await api.send<Page<FileView>>('GET', `/v1/files?limit=2&after=${ids[1]}`);
    expect(second.body.data.map(({ id }) => id)).toEqual(ids.slice(2));
    expect(second.body.has_more).toBe(false);
  });

  test('is given in parts, and not again to who has it', async () => {
    const api = await newTenant(server);
    const { body } = await upload(api, utf8('0123456789'), { type: 'text/plain' });
    const part = async (range: string) => {
      const { answer, bytes } = await content(api, body.id, { range });
      return [answer.status, new TextDecoder().decode(bytes), answer.headers.get('content-range')];
    };
    expect(await part('bytes=2-4')).toEqual([206, '234', 'bytes 2-4/10']);
    expect(await part('bytes=7-')).toEqual([206, '789', 'bytes 7-9/10']);
    expect(await part('bytes=-3')).toEqual([206, '789', 'bytes 7-9/10']);
    expect(await part('bytes=0-1,3-4')).toEqual([200, '0123456789', null]);
    expect((await part('bytes=10-'))[0]).toBe(416);
    const known = await content(api, body.id, { 'if-none-match': `"${body.sha256}"` });
    expect([known.answer.status, known.bytes.length]).toEqual([304, 0]);
  });

  test('is not there for another project, nor for a key without the scope', async () => {
    const [api, other] = [await newTenant(server), await newTenant(server)];
    const { body } = await upload(api, utf8('mine'), { type: 'text/plain' });
    const gone = { status: 404, code: 'not_found', at: { '/path/file_id': /no file/ } };
    expectProblem(await other.send('GET', `/v1/files/${body.id}`), gone);
    expectProblem(await other.send('DELETE', `/v1/files/${body.id}`), gone);
    expect((await content(other, body.id)).answer.status).toBe(404);
    const { key } = await newKey(server, api.project, ['jobs:read']);
    const weak = makeApi(server.url, key);
    expectProblem(await weak.send('GET', `/v1/files/${body.id}`), {
      status: 403,
      code: 'forbidden',
      at: { '/headers/authorization': /files:read/ },
    });
  });

  test('is gone once it is deleted', async () => {
    const api = await newTenant(server);
    const { body } = await upload(api, utf8('words'), { type: 'text/plain' });
    const deleted = await api.send('DELETE', `/v1/files/${body.id}`);
    expect([deleted.status, deleted.body]).toEqual([200, { id: body.id, deleted: true }]);
    expect((await api.send('GET', `/v1/files/${body.id}`)).status).toBe(404);
    expect((await content(api, body.id)).answer.status).toBe(404);
    expect((await api.send<Page<FileView>>('GET', '/v1/files')).body.data).toEqual([]);
  });

  test('that has expired says so, is in no list, and is swept away by the cron', async () => {
    const api = await newTenant(server);
    const { body } = await upload(api, utf8('soon gone'), {
      type: 'text/plain',
      query: '?expires_in=1s&name=a.txt',
    });
    const expired = await until('the expiry', async () => {
      const answer = await api.send('GET', `/v1/files/${body.id}`);
      return answer.status === 404 && answer;
    });
    expectProblem(expired, {
      status: 404,
      code: 'file_expired',
      at: { '/path/file_id': /upload it again/ },
    });
    expect((await content(api, body.id)).answer.status).toBe(404);
    expect((await api.send<Page<FileView>>('GET', '/v1/files')).body.data).toEqual([]);
    await fetch(`${server.url}/cdn-cgi/handler/scheduled`);
    const swept = await api.send('GET', `/v1/files/${body.id}`);
    expectProblem(swept, { status: 404, code: 'not_found', at: {} });
  });
});

describe('an input that names files', () => {
  test('is refused at the submit when a file is not there, belongs to another, or is none', async () => {
    const [api, other] = [await newTenant(server), await newTenant(server)];
    const picture = { type: 'string', format: 'file-id' };
    await publish(api, {
      name: 'show',
      input: { schema: { properties: { pictures: { items: picture }, note: true } } },
      steps: [{ id: 'a', uses: 'data.compose', with: { value: '${{ input.pictures }}' } }],
      output: '${{ steps.a.output }}',
    });
    const mine = (await upload(api, PNG, { type: 'image/png' })).body.id;
    const theirs = (await upload(other, PNG, { type: 'image/png' })).body.id;
    const refused = await api.send('POST', '/v1/jobs', {
      pipeline: 'show',
      input: { pictures: [mine, theirs, 'x'], note: theirs },
    });
    const problem = expectProblem(refused, {
      status: 422,
      code: 'input_invalid',
      at: { '/input/pictures/1': /does not exist/, '/input/pictures/2': /must be the id/ },
    });
    expect(problem.errors).toHaveLength(2);
    const { id } = await submit(api, { pipeline: 'show', input: { pictures: [mine] } });
    expect((await ended(api, id)).output).toEqual([mine]);
  });
});

describe('a signed address', () => {
  const tokens = makeSignedTokens(SECRET, null);

  test('gives the bytes to anyone until it expires', async () => {
    const api = await newTenant(server);
    const { body } = await upload(api, PNG, { type: 'image/png' });
    const place = { p: api.project, f: body.id };
    const answer = await readPublic(await tokens.sign('file', place, Date.now() + 60_000));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-disposition')).toBe('attachment');
    expect([...new Uint8Array(await answer.arrayBuffer())]).toEqual([...PNG]);
    const late = await readPublic(await tokens.sign('file', place, Date.now() - 1));
    expect([late.status, ((await late.json()) as { code: string }).code]).toEqual([
      404,
      'file_expired',
    ]);
  });

  test('of another purpose, secret, project or file leads nowhere', async () => {
    const [api, other] = [await newTenant(server), await newTenant(server)];
    const { body } = await upload(api, PNG, { type: 'image/png' });
    const place = { p: api.project, f: body.id };
    const untilMs = Date.now() + 60_000;
    const wrong = [
      await tokens.sign('callback', place, untilMs),
      await makeSignedTokens('z'.repeat(40), null).sign('file', place, untilMs),
      await tokens.sign('file', { p: other.project, f: body.id }, untilMs),
      await tokens.sign('file', { p: api.project, f: '../x' }, untilMs),
      await tokens.sign('file', 'nonsense', untilMs),
      'nonsense',
    ];
    for (const token of wrong) expect((await readPublic(token)).status, token).toBe(404);
  });
});

describe('file.fetch', () => {
  const definition = {
    name: 'fetching',
    steps: [
      {
        id: 'get',
        uses: 'file.fetch',
        with: { url: '${{ input.url }}', max_bytes: 1_000_000 },
        retry: { max_attempts: 1 },
      },
    ],
    output: '${{ steps.get.output }}',
  };

  async function fetching(url: string) {
    const api = await newTenant(server);
    await publish(api, definition);
    const { id } = await submit(api, { pipeline: 'fetching', input: { url } });
    return { api, job: await ended(api, id) };
  }

  test('keeps what it finds as the job’s file, behind redirects', async () => {
    const { api, job } = await fetching(`${outside.url}/hop/2`);
    expect(job).toMatchObject({
      status: 'succeeded',
      output: {
        name: 'a.png',
        mime_type: 'image/png',
        bytes: PNG.length,
        sha256: sha256(PNG),
        url: `${outside.url}/a.png`,
      },
    });
    const { file } = job.output as { file: string };
    const view = await api.send<FileView>('GET', `/v1/files/${file}`);
    expect(view.body).toMatchObject({ job: job.id, expires_at: null, mime_type: 'image/png' });
    expect([...(await content(api, file)).bytes]).toEqual([...PNG]);
    expect((await api.send('DELETE', `/v1/files/${file}`)).status).toBe(409);
    const other = await newTenant(server);
    expect((await other.send('GET', `/v1/files/${file}`)).status).toBe(404);
  });

  test.each<[string, string, Record<string, unknown>]>([
    [
      'a private address',
      'https://10.0.0.1/',
      { class: 'step_input_invalid', code: 'url_address' },
    ],
    ['plain http', 'http://example.com/', { class: 'step_input_invalid', code: 'url_scheme' }],
    [
      'a name with a private address',
      'https://private.example.com/',
      { class: 'step_input_invalid', code: 'url_address' },
    ],
    [
      'a name without an address',
      'https://nowhere.example.com/',
      { class: 'step_input_invalid', code: 'url_unresolvable' },
    ],
    [
      'a redirect to a private address',
      '/to/https://192.168.0.1/',
      { class: 'step_input_invalid', code: 'url_address' },
    ],
    [
      'a redirect to metadata',
      '/to/http://169.254.169.254/latest',
      { class: 'step_input_invalid', code: 'url_scheme' },
    ],
    [
      'a redirect to a file',
      '/to/file:///etc/passwd',
      { class: 'step_input_invalid', code: 'url_scheme' },
    ],
    ['too many redirects', '/hop/7', { class: 'step_input_invalid', code: 'url_redirects' }],
    ['a length that is too large', '/announced', { class: 'payload_too_large', code: 'max_bytes' }],
    ['a body without end', '/endless', { class: 'payload_too_large', code: 'max_bytes' }],
    ['a body that breaks off', '/short', { class: 'network', code: 'body_cut' }],
    ['nothing there', '/missing', { class: 'invalid_request', code: 'http_404', status: 404 }],
    [
      'a server in trouble',
      '/trouble',
      { class: 'overloaded', status: 503, retry_after_ms: 7_000 },
    ],
  ])('fails at %s', async (_what, url, failure) => {
    const { job } = await fetching(url.startsWith('/') ? `${outside.url}${url}` : url);
    expect(job.status).toBe('failed');
    expect(job.steps[0]?.attempts[0]?.failure).toMatchObject(failure);
  });

  test('sends nothing of the deployment along', async () => {
    await fetching(`${outside.url}/hop/1`);
    for (const headers of outside.seen) {
      expect(Object.keys(headers).join()).not.toMatch(
        /authorization|cookie|traceparent|request-id/,
      );
    }
  });
});

function readPublic(token: string): Promise<Response> {
  return fetch(`${server.url}/files/${token}`);
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new TextEncoder().encode(text));
}

/** A chunked upload: no length is announced. */
function sendInPieces(
  api: Tenant,
  bytes: Uint8Array,
  pieceBytes = 700_001,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sending = request(`${api.url}/v1/files`, {
      method: 'POST',
      headers: { authorization: `Bearer ${api.key}`, 'content-type': 'audio/x-raw' },
    });
    let answered = false;
    sending.once('error', (error) => {
      if (!answered) reject(error);
    });
    sending.once('response', (reply) => {
      answered = true;
      let text = '';
      reply.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      reply.once('end', () => resolve({ status: reply.statusCode ?? 0, text }));
      reply.once('error', reject);
    });
    const write = (from: number): void => {
      if (answered) return;
      if (from >= bytes.length) sending.end();
      else sending.write(bytes.subarray(from, from + pieceBytes), () => write(from + pieceBytes));
    };
    write(0);
  });
}

/** Begins an upload and hangs up in its middle. */
function cutOff(api: Tenant, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const sending = request(`${api.url}/v1/files`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${api.key}`,
        'content-type': 'audio/x-raw',
        'content-length': String(bytes.length * 2),
      },
    });
    sending.once('error', () => resolve());
    sending.write(bytes, () => {
      sending.destroy();
      resolve();
    });
  });
}

type Outside = {
  readonly url: string;
  readonly seen: readonly Record<string, unknown>[];
  close(): void;
};

/** A server of somebody else, on the loopback. */
async function startOutside(): Promise<Outside> {
  const seen: Record<string, unknown>[] = [];
  const listener: Server = createServer((incoming, reply) => {
    const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
    if (url.pathname === '/dns') {
      answerDns(url, reply);
      return;
    }
    seen.push(incoming.headers);
    answerFile(decodeURI(url.pathname), reply);
  });
  await new Promise<void>((resolve) => {
    listener.listen(0, '127.0.0.1', () => resolve());
  });
  const { port } = listener.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    close() {
      listener.closeAllConnections();
      listener.close();
    },
  };
}

function answerDns({ searchParams }: URL, reply: ServerResponse): void {
  reply.setHeader('content-type', 'application/dns-json');
  const isPrivate = searchParams.get('name') === 'private.example.com';
  const isA = searchParams.get('type') === 'A';
  const answer = isPrivate
    ? { Status: 0, ...(isA ? { Answer: [{ type: 1, data: '10.1.2.3' }] } : {}) }
    : { Status: 3 };
  reply.end(JSON.stringify(answer));
}

function answerFile(path: string, reply: ServerResponse): void {
  const hop = /^\/hop\/(\d+)$/.exec(path)?.[1];
  const target = /^\/to\/(.+)$/.exec(path)?.[1];
  if (hop !== undefined) {
    const left = Number(hop) - 1;
    reply.writeHead(302, { location: left === 0 ? '/a.png' : `/hop/${left}` }).end();
  } else if (target !== undefined) reply.writeHead(307, { location: target }).end();
  else if (path === '/a.png') {
    reply.writeHead(200, { 'content-type': 'image/png' }).end(Buffer.from(PNG));
  } else if (path === '/announced') {
    reply.writeHead(200, { 'content-length': '5000000' });
    reply.write('x');
  } else if (path === '/endless') {
    reply.writeHead(200, { 'content-type': 'text/plain' });
    const more = (): void => {
      if (!reply.destroyed) reply.write('x'.repeat(65_536), more);
    };
    more();
  } else if (path === '/short') {
    reply.writeHead(200, { 'content-length': '1000' });
    reply.write('x', () => reply.destroy());
  } else if (path === '/trouble') reply.writeHead(503, { 'retry-after': '7' }).end();
  else reply.writeHead(404).end();
}
