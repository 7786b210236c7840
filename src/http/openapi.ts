import { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import type { z } from 'zod';

import { violationsOf } from '../domain/violations.ts';
import { problemSchema } from '../services/views/problem-schema.ts';
import type { AppEnv } from './deps.ts';
import { failureResponse } from './failure-response.ts';
import { readJsonBody, type BodyLimit } from './read-body.ts';

/** An app whose routes are documented and enforced by the same schemas, and whose refusals are all alike. */
export function makeRoutes(): OpenAPIHono<AppEnv> {
  return new OpenAPIHono<AppEnv>({
    defaultHook(result, c) {
      if (result.success) return undefined;
      const violations = violationsOf(result.error, PREFIX[result.target] ?? []);
      const count = violations.length;
      const where = result.target === 'json' ? 'body' : result.target;
      const message = `the ${where} has ${count} ${count === 1 ? 'mistake' : 'mistakes'}`;
      return failureResponse(c, { code: 'invalid_request', message, violations });
    },
  });
}

/** Where a violation lies, by the part of the request; a body's pointers stand alone. */
const PREFIX: Readonly<Record<string, readonly string[]>> = {
  json: [],
  query: ['query'],
  header: ['headers'],
  param: ['path'],
};

/** Reads the body within its limit before the route's schema sees it. */
export function jsonBody(
  limit: BodyLimit | ((c: Parameters<typeof readJsonBody>[0]) => BodyLimit),
): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const body = await readJsonBody(c, typeof limit === 'function' ? limit(c) : limit);
    if (!body.ok) return failureResponse(c, body.failure);
    // The framework's cache holds promises, whatever its type says.
    Reflect.set(c.req.bodyCache, 'text', Promise.resolve(body.text));
    return next();
  };
}

/** Bodies that carry no payload of a job. */
export const SMALL_BODY: BodyLimit = { bytesMax: 65_536 };
/** Pipeline definitions: twice what a definition may take, for the white space. */
export const DEFINITION_BODY: BodyLimit = { bytesMax: 524_288 };

/** The documented answers of a route: one or more successes, and problems for everything else. */
export function answers<Success extends Readonly<Record<number, ReturnType<typeof jsonOf>>>>(
  success: Success,
) {
  return {
    ...success,
    default: {
      description: 'What is wrong, as a problem',
      content: { 'application/problem+json': { schema: problemSchema } },
    },
  };
}

export function jsonOf<Schema extends z.ZodType>(description: string, schema: Schema) {
  return { description, content: { 'application/json': { schema } } };
}

/** A body as the document shows it; `jsonBody` reads it. */
export function bodyOf<Schema extends z.ZodType>(schema: Schema) {
  return { required: true, content: { 'application/json': { schema } } };
}

export const bearer = [{ bearer: [] }];
