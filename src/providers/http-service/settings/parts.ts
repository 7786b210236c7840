/** The pieces that a service's settings are made of: places in replies, templates, conditions. */
import { z } from 'zod';

import type { Json } from '../../../domain/json.ts';
import { parseJsonPath, type JsonPath } from '../path.ts';
import { compileTemplate, type Template, type TemplateProblem } from '../template.ts';

/** A place in a reply. */
export const replyPath = z
  .string()
  .max(300)
  .transform((text, context): JsonPath => {
    const path = parseJsonPath(text);
    if (path !== null) return path;
    const message = `${JSON.stringify(text)} is no place in a reply; write one like data[*].embedding, or $ for the whole`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

/** JSON with places of the call in its strings. */
export const jsonTemplate = z.json().transform((value, context) => compiled(value, context));

/** A text with places of the call in it. */
export const textTemplate = z
  .string()
  .max(2_000)
  .transform((value, context) => compiled(value, context));

type Context = { addIssue(issue: { code: 'custom'; path: PropertyKey[]; message: string }): void };

function compiled(value: Json, context: Context): Template {
  const problems: TemplateProblem[] = [];
  const template = compileTemplate(value, [], problems);
  for (const { path, message } of problems) {
    context.addIssue({ code: 'custom', path: [...path], message });
  }
  return template;
}

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()], {
  error: 'must be a text, a number, true, false or null',
});

/** Holds when the value at the place is one of these. */
export const condition = z.strictObject({ path: replyPath, in: z.array(scalar).min(1).max(50) });
export type Condition = z.output<typeof condition>;

/** A number of a reply, times a factor: `{ "path": "seconds", "times": 1000 }` for milliseconds. */
export const amount = z.union(
  [
    replyPath.transform((path) => ({ path, times: 1 })),
    z.strictObject({ path: replyPath, times: z.number().positive().max(1_000_000) }),
  ],
  { error: 'must be a place in the reply, or { "path": …, "times": … }' },
);
export type Amount = z.output<typeof amount>;
