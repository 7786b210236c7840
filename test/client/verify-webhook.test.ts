import { array, assert, asyncProperty, constantFrom, jsonValue, nat, uint8Array } from 'fast-check';
import { verifyWebhook, WebhookVerificationError, type VerifyWebhook } from 'penstock/webhooks';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';

const NOW_MS = 1_790_000_000_000;
const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const OTHER = `whsec_${Buffer.alloc(32, 2).toString('base64')}`;
const BODY = '{"type":"job.succeeded","timestamp":"2026-09-21T12:00:00.000Z","data":{}}';

type Given = Omit<VerifyWebhook, 'headers'> & { readonly headers: Record<string, string> };

/** A webhook as the reference implementation signs it. */
function signedBy(secrets: readonly string[], change: Partial<Given> = {}): Given {
  const at = new Date(NOW_MS);
  const signatures = secrets.map((secret) => new Webhook(secret).sign('evt_1', at, BODY));
  return {
    secret: SECRET,
    body: BODY,
    nowMs: NOW_MS,
    ...change,
    headers: {
      'webhook-id': 'evt_1',
      'webhook-timestamp': String(NOW_MS / 1_000),
      'webhook-signature': signatures.join(' '),
      ...change.headers,
    },
  };
}

function reasonOf(given: VerifyWebhook): Promise<string> {
  return verifyWebhook(given).then(
    () => 'genuine',
    (error: unknown) => {
      if (error instanceof WebhookVerificationError && error.message !== '') return error.reason;
      throw error;
    },
  );
}

describe('a webhook', () => {
  test('of the specification’s own vector is genuine', async () => {
    const event = await verifyWebhook({
      secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      headers: {
        'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        'webhook-timestamp': '1614265330',
        'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
      },
      body: '{"test": 2432232314}',
      nowMs: 1_614_265_330_000,
    });
    expect(event).toEqual({
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestamp: new Date(1_614_265_330_000),
      payload: { test: 2_432_232_314 },
    });
  });

  test('that the reference implementation signs is genuine, whatever it says', async () => {
    await assert(
      asyncProperty(
        jsonValue(),
        uint8Array({ minLength: 24, maxLength: 64 }),
        async (value, key) => {
          const body = JSON.stringify(value);
          const secret = `whsec_${Buffer.from(key).toString('base64')}`;
          const signature = new Webhook(secret).sign('evt_2', new Date(NOW_MS), body);
          const { headers } = signedBy([], { headers: { 'webhook-id': 'evt_2' } });
          const given = { headers: { ...headers, 'webhook-signature': signature }, nowMs: NOW_MS };
          const bytes = new TextEncoder().encode(body);
          for (const raw of [body, bytes, bytes.buffer]) {
            const event = await verifyWebhook<unknown>({ ...given, secret, body: raw });
            expect(event.payload).toEqual(JSON.parse(body));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('of which anything was changed is not', async () => {
    const genuine = signedBy([SECRET]);
    await assert(
      asyncProperty(nat(BODY.length - 1), async (at) => {
        const letter = BODY[at] === 'x' ? 'y' : 'x';
        const body = BODY.slice(0, at) + letter + BODY.slice(at + 1);
        expect(await reasonOf({ ...genuine, body })).toBe('signature_mismatch');
      }),
    );
    for (const headers of [
      { 'webhook-id': 'evt_2' },
      { 'webhook-timestamp': String(NOW_MS / 1_000 + 1) },
    ]) {
      expect(await reasonOf(signedBy([SECRET], { headers }))).toBe('signature_mismatch');
    }
    expect(await reasonOf({ ...genuine, secret: OTHER })).toBe('signature_mismatch');
  });

  test('with several signatures, or checked with several secrets, needs one pair that fits', async () => {
    await assert(
      asyncProperty(
        array(constantFrom(SECRET, OTHER), { minLength: 1, maxLength: 3 }),
        array(constantFrom(SECRET, OTHER), { minLength: 1, maxLength: 3 }),
        async (senders, secrets) => {
          const { headers, body, nowMs } = signedBy(senders);
          const reason = await reasonOf({ headers, body, nowMs, secrets });
          const fits = secrets.some((secret) => senders.includes(secret));
          expect(reason).toBe(fits ? 'genuine' : 'signature_mismatch');
        },
      ),
    );
    const { 'webhook-signature': signature = '' } = signedBy([SECRET]).headers;
    const beside = { 'webhook-signature': `v1a,AAAA v2,BBBB ${signature} v1,short` };
    expect(await reasonOf(signedBy([], { headers: beside }))).toBe('genuine');
  });

  test.each([
    [-300_000, 'genuine'],
    [300_000, 'genuine'],
    [300_001, 'timestamp_too_old'],
    [-300_001, 'timestamp_too_new'],
  ])('is accepted within five minutes: %i ms later', async (ms, reason) => {
    expect(await reasonOf(signedBy([SECRET], { nowMs: NOW_MS + ms }))).toBe(reason);
  });

  test('is accepted from whatever holds headers', async () => {
    const { headers, ...given } = signedBy([SECRET]);
    const upper = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toUpperCase(), [value]]),
    );
    const holders = [new Headers(headers), new Map(Object.entries(headers)), upper];
    const reasons = holders.map((held) => reasonOf({ ...given, headers: held }));
    expect(await Promise.all(reasons)).toEqual(['genuine', 'genuine', 'genuine']);
  });

  test.each<[string, Partial<Given>]>([
    ['header_missing', { headers: { 'webhook-id': '' } }],
    ['header_missing', { headers: { 'webhook-signature': '' } }],
    ['timestamp_invalid', { headers: { 'webhook-timestamp': '2026-09-21' } }],
    ['timestamp_invalid', { headers: { 'webhook-timestamp': '1e9' } }],
    ['signature_missing', { headers: { 'webhook-signature': 'v1,not/base64!' } }],
    ['signature_missing', { headers: { 'webhook-signature': `v2,${'A'.repeat(43)}=` } }],
    ['secret_missing', { secrets: [] }],
    ['secret_invalid', { secret: 'whsec_' }],
    ['secret_invalid', { secret: 'a secret' }],
    ['body_not_raw', { body: JSON.parse(BODY) }],
  ])('is refused with the reason: %s', async (reason, change) => {
    expect(await reasonOf(signedBy([SECRET], change))).toBe(reason);
  });

  test('that is genuine and no JSON says so', async () => {
    const signature = new Webhook(SECRET).sign('evt_1', new Date(NOW_MS), 'plain');
    const given = signedBy([], { headers: { 'webhook-signature': signature }, body: 'plain' });
    expect(await reasonOf(given)).toBe('body_not_json');
  });
});
