import { assert, property, string, stringMatching } from 'fast-check';
import { describe, expect, test } from 'vitest';

import { webhookEventTypes, isWanted } from '../../../src/domain/webhook.ts';
import {
  endpointEventNames,
  jobEventNames,
  nearestNames,
} from '../../../src/services/webhooks/endpoints/event-names.ts';
import {
  endpointInput,
  jobWebhookField,
  secretMistake,
} from '../../../src/services/webhooks/endpoints/endpoint-input.ts';
import { headerMistakes } from '../../../src/services/webhooks/endpoints/receiver-headers.ts';

const url = 'https://example.org/hook';

/** What is said about a request, by where. */
function mistakes(body: object): Record<string, string> {
  const parsed = endpointInput.safeParse({ url, ...body });
  const issues = parsed.success ? [] : parsed.error.issues;
  return Object.fromEntries(issues.map(({ path, message }) => [path.join('/'), message]));
}

describe('the name of an event', () => {
  test.each([
    ['job.succeded', /did you mean job\.succeeded\?|job\.succeeded/],
    ['job.timedout', /job\.timed_out/],
    ['Job.Failed', /did you mean job\.failed/],
    ['step.fail', /step\.failed/],
    ['jobs.*', /did you mean job\.\*/],
    ['release.promoted', /there are \*, job\.\*/],
    ['webhook.test', /is not an event here/],
  ])('that is not known is answered with the nearest: %s', (name, words) => {
    expect(mistakes({ events: ['job.failed', name] })['events/1']).toMatch(words);
  });

  test.each([...endpointEventNames])('is known: %s', (name) => {
    expect(mistakes({ events: [name] })).toEqual({});
  });

  test('of what is no job’s is refused for a job’s own webhook', () => {
    for (const name of ['alert.*', 'alert.budget_exceeded', 'release.*']) {
      expect(jobWebhookField.safeParse({ url, events: [name] }).success).toBe(false);
    }
    expect(jobEventNames).toContain('review.requested');
  });

  test('a job’s webhook hears of its end unless told otherwise', () => {
    const { events, payload } = jobWebhookField.parse({ url });
    const ends = webhookEventTypes.filter((type) => isWanted(events, type));
    expect(ends).toEqual(events);
    expect([ends.length, payload]).toEqual([6, 'thin']);
  });

  test('nothing that is typed makes the look-up fail, and what is near differs', () => {
    assert(
      property(string({ maxLength: 200 }), (name) => {
        for (const near of nearestNames(name, endpointEventNames)) {
          expect(endpointEventNames).toContain(near);
        }
      }),
    );
  });
});

/** A secret of so many bytes. */
function of(bytes: number): string {
  return `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`;
}

describe('a secret', () => {
  test.each([24, 25, 26, 32, 64])('of %i bytes may be used', (bytes) => {
    expect(secretMistake(of(bytes))).toBeNull();
  });

  test.each([
    [of(23), /too short: 23 bytes/],
    ['whsec_', /too short: 0 bytes/],
    [of(65), /too long: 65 bytes/],
    [of(32).slice(6), /does not begin with whsec_/],
    ['whsec_geheim geheim geheim geheim', /is not base64/],
    [of(32).replace(/=$/, ''), /is not base64/],
  ])('is refused with what is wrong: %s', (secret, words) => {
    expect(secretMistake(secret)).toMatch(words);
    expect(mistakes({ secret })['secret']).toMatch(/base64 of 24 to 64/);
  });
});

describe('a header', () => {
  test.each([
    'host',
    'Content-Length',
    'content-type',
    'transfer-encoding',
    'cookie',
    'Webhook-Signature',
    'webhook-id',
    'traceparent',
    'user-agent',
    'proxy-authorization',
    'cf-connecting-ip',
  ])('that belongs to the delivery cannot be set: %s', (name) => {
    expect(mistakes({ headers: { [name]: 'x' } })[`headers/${name}`]).toMatch(/cannot be set/);
  });

  test.each([
    [{ 'x y': 'v' }, 'x y', /not the name of a header/],
    [{ 'x-a': 'a\r\nx-b: b' }, 'x-a', /visible ASCII/],
    [{ 'x-a': '' }, 'x-a', /visible ASCII/],
    [{ 'x-a': 'ä' }, 'x-a', /visible ASCII/],
    [{ 'x-a': 'v'.repeat(1_001) }, 'x-a', /at most 1000/],
    [{ 'x-a': 'v', 'X-A': 'w' }, 'X-A', /twice/],
  ])('is refused: %j', (headers, name, words) => {
    const said = headerMistakes(headers).find((mistake) => mistake.name === name);
    expect(said?.message).toMatch(words);
  });

  test('there are at most sixteen', () => {
    const headers = Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`x-${n}`, 'v']));
    expect(mistakes({ headers })['headers']).toMatch(/at most 16/);
  });

  test('of the receiver’s own may be set, and is stored in one spelling', () => {
    assert(
      property(stringMatching(/^X-[A-Za-z0-9-]{1,30}$/), (name) => {
        const parsed = endpointInput.parse({ url, headers: { [name]: 'Bearer a b' } });
        expect(parsed.headers).toEqual({ [name.toLowerCase()]: 'Bearer a b' });
      }),
    );
  });
});
