/** The shape of one inference service in the setting `HTTP_PROVIDERS`; docs/providers.md explains every field. */
import { z } from 'zod';

import type { ModelKind } from '../../../domain/model/model-call.ts';
import { usageFields, type Usage } from '../../../domain/model/usage.ts';
import { snakeCase } from '../../../domain/wire.ts';
import { callFields, neededFields } from '../call-scope.ts';
import { reportableClasses } from './classes.ts';
import { amount, condition, replyPath, type Amount } from './parts.ts';
import {
  bodyProblem,
  placesOf,
  requestFields,
  requestOf,
  type RequestSettings,
} from './request.ts';
import { resultReaders } from './readers.ts';

const submit = requestFields('POST').transform(checked);
const cancel = requestFields('POST').transform(checked);
const status = requestFields('GET')
  .extend({
    /** Where the answer to the submit has the id of the work. */
    ticket: replyPath,
    done_when: condition,
    failed_when: condition.optional(),
    check_in_ms: z.int().min(100).max(3_600_000).default(2_000),
  })
  .transform(({ ticket, done_when, failed_when, check_in_ms, ...fields }, context) => ({
    ticket,
    doneWhen: done_when,
    failedWhen: failed_when ?? null,
    checkInMs: check_in_ms,
    request: checked(fields, context),
  }));

function checked(fields: Parameters<typeof requestOf>[0], context: z.RefinementCtx) {
  const problem = bodyProblem(fields);
  if (problem !== null) context.addIssue({ code: 'custom', message: problem });
  return requestOf(fields);
}

const usageNames = new Map<string, keyof Usage>(
  usageFields.map((field) => [snakeCase(field), field]),
);
const usageName = z
  .string()
  .refine((name) => usageNames.has(name), `must be one of ${[...usageNames.keys()].join(', ')}`);
const usage = z
  .record(usageName, amount)
  .default({})
  .transform((amounts) =>
    Object.entries(amounts).flatMap(([name, from]): [keyof Usage, Amount][] => {
      const field = usageNames.get(name);
      return field === undefined ? [] : [[field, from]];
    }),
  );

const error = z.strictObject({
  message: replyPath.optional(),
  code: replyPath.optional(),
  /** The service's codes, and the class of failure that each means. */
  classes: z
    .record(z.string(), z.enum(reportableClasses, `must be one of ${reportableClasses.join(', ')}`))
    .default({}),
  /** An answer with a status of success that is an error all the same. */
  when: condition.optional(),
});

function kindSchema(kind: ModelKind) {
  return z
    .strictObject({
      submit,
      result: resultReaders[kind],
      usage,
      raw_usage: replyPath.optional(),
      returned_model: replyPath.optional(),
      request_id: replyPath.optional(),
      error: error.default({ classes: {} }),
      status: status.optional(),
      cancel: cancel.optional(),
    })
    .superRefine((settings, context) => {
      const complain = (field: string, message: string) =>
        context.addIssue({ code: 'custom', path: [field], message });
      for (const message of placeProblems(settings.submit, kind, false))
        complain('submit', message);
      for (const message of missingProblems(settings.submit, kind)) complain('submit', message);
      if (settings.cancel !== undefined && settings.status === undefined) {
        complain('cancel', 'needs a `status`: what answers at once cannot be cancelled');
      }
      const later = { status: settings.status?.request, cancel: settings.cancel };
      for (const [field, request] of Object.entries(later)) {
        const messages = request === undefined ? [] : placeProblems(request, kind, true);
        for (const message of messages) complain(field, message);
      }
    })
    .transform((settings) => ({ ...settings, told: toldBy(settings.submit) }));
}

/** What a service serves, by kind. */
const kinds = z
  .strictObject({
    chat: kindSchema('chat').optional(),
    embed: kindSchema('embed').optional(),
    classify: kindSchema('classify').optional(),
    rerank: kindSchema('rerank').optional(),
    summarize: kindSchema('summarize').optional(),
    image: kindSchema('image').optional(),
    transcribe: kindSchema('transcribe').optional(),
    moderate: kindSchema('moderate').optional(),
  })
  .refine((all) => Object.values(all).some((one) => one !== undefined), 'needs at least one kind');

const headerName = z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/, 'must be the name of a header');

export const serviceSchema = z.strictObject({
  id: z.string(),
  /** Raised by whoever changes what the settings mean; stored with every attempt. */
  version: z.int().min(1).max(1_000_000).default(1),
  base_url: z
    .string()
    .refine(isBaseUrl, 'must be an http or https URL without credentials, query and fragment')
    .transform((url) => url.replace(/\/+$/, '')),
  secret_name: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]{0,63}$/, 'must be the name of a secret, like MY_SERVICE_KEY')
    .optional(),
  auth_header: headerName.default('authorization'),
  /** What stands before the key; `Bearer` in `authorization`, nothing in another header. */
  auth_scheme: z.string().max(40).optional(),
  headers: z
    .record(headerName, z.string().max(1_000))
    .default({})
    .transform((headers) =>
      Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const),
      ),
    ),
  kinds,
});

export type ServiceSettings = z.output<typeof serviceSchema>;
export type KindSettings = NonNullable<ServiceSettings['kinds'][ModelKind]>;

function isBaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && `${username}${password}${search}${hash}` === '';
}

/** Places that no call of this kind has. */
function placeProblems(request: RequestSettings, kind: ModelKind, hasTicket: boolean): string[] {
  const fields: readonly string[] = callFields[kind];
  const roots = ['call', 'idempotency_key', ...(hasTicket ? ['ticket'] : [])];
  return placesOf(request).flatMap(([root, field]) => {
    if (typeof root !== 'string' || !roots.includes(root)) {
      return [`reads ${JSON.stringify(String(root))}; there are ${roots.join(', ')}`];
    }
    const isKnown = root !== 'call' || fields.includes(typeof field === 'string' ? field : '');
    if (isKnown) return [];
    return [`reads a field that a call of kind ${kind} has not; it has ${fields.join(', ')}`];
  });
}

/** What a service cannot do without. */
function missingProblems(request: RequestSettings, kind: ModelKind): string[] {
  const told = toldBy(request);
  return neededFields[kind].flatMap((names: readonly string[]) =>
    names.some((name) => told.has(name))
      ? []
      : [`never reads ${names.map((name) => `call.${name}`).join(' or ')}`],
  );
}

/** The fields of the call that a request reads: `dimensions`, `parameters.top_p`. */
function toldBy(request: RequestSettings): ReadonlySet<string> {
  return new Set(
    placesOf(request).flatMap(([root, field, inner]) => {
      if (root !== 'call' || typeof field !== 'string') return [];
      const isInside = field === 'parameters' && typeof inner === 'string';
      return [isInside ? `${field}.${inner}` : field];
    }),
  );
}
