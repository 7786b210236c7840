import { z } from 'zod';

import { expression, jsonObject } from './definition-parts.ts';
import { hedge } from './definition-hedge.ts';
import { failureClasses, type FailureClass } from '../job/failure.ts';
import { executions } from '../model/model-call.ts';

/** Routes as users write them: which models may serve a step, and when the next one is asked. */

/** Models of one route, with all that lie inside it. */
export const LEAVES_MAX = 20;

const routeModes = [
  'single',
  'fallback',
  'loadbalance',
  'conditional',
  'cheapest',
  'fastest',
] as const;
export type RouteMode = (typeof routeModes)[number];

/** Names for several failure classes at once. */
const failureGroups = ['general', 'context_window', 'content'] as const;
export type FailureGroup = (typeof failureGroups)[number];

const parameters = z.strictObject({
  temperature: z
    .number()
    .min(0)
    .max(2)
    .optional()
    .meta({ description: 'How freely the model chooses its words; the model’s own if absent.' }),
  top_p: z.number().min(0).max(1).optional().meta({
    description: 'Share of the probability that the model chooses from; the model’s own if absent.',
  }),
  max_output_tokens: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .meta({ description: 'The longest answer, in tokens; the model’s own limit if absent.' }),
  seed: z
    .int()
    .optional()
    .meta({ description: 'Asks for the same answer again, where the provider can.' }),
  stop: z
    .array(z.string().min(1).max(100))
    .max(4)
    .optional()
    .meta({ description: 'Texts at which the answer ends.' }),
  reasoning_effort: z
    .enum(['minimal', 'low', 'medium', 'high'])
    .optional()
    .meta({ description: 'How long a reasoning model may think; the model’s own if absent.' }),
});
export type ParametersDefinition = z.infer<typeof parameters>;

const place = {
  weight: z.number().min(0).max(1_000).optional().meta({
    description:
      'In a route that balances: the share of the calls, measured against the other weights. 0 is asked only after the others.',
    default: 1,
  }),
  when: expression.optional().meta({
    description:
      'In a conditional route: this is asked if it is true. The last target may have none, and is asked if no other is.',
  }),
};

const target = z.strictObject({
  provider: z
    .string()
    .min(1)
    .max(64)
    .meta({ description: 'Who serves the model: `builtin`, `openai` and others.' }),
  model: z.string().min(1).max(200).meta({ description: 'The model’s name at its provider.' }),
  parameters: parameters
    .optional()
    .meta({ description: 'How the model is asked; a provider that cannot take one says so.' }),
  execution: z.enum(executions).optional().meta({
    description:
      '`sync` asks and gets the answer in one exchange; `background` and `batch` use the provider’s own queue.',
    default: 'sync',
  }),
  options: jsonObject.optional().meta({
    description:
      'Fields that only this provider knows, put into its request as they are. What Penstock sets itself wins.',
  }),
  ...place,
});
export type TargetDefinition = z.infer<typeof target>;

/** A route as the engine walks it: the outermost one, or one inside another. */
export type RouteTree = {
  readonly strategy?:
    | {
        readonly mode: RouteMode;
        readonly on?: readonly (FailureClass | FailureGroup)[] | undefined;
        readonly key?: string | undefined;
      }
    | undefined;
  readonly targets: readonly RouteEntry[];
};

export type RouteEntry =
  | TargetDefinition
  | {
      readonly route: RouteTree;
      readonly weight?: number | undefined;
      readonly when?: string | undefined;
    };

const strategy = z
  .strictObject({
    mode: z.enum(routeModes).meta({
      description:
        '`single` uses the first target only; `fallback` asks in the order of the list; `loadbalance` shares the calls by weight; `conditional` asks the first target whose `when` is true; `cheapest` and `fastest` begin with the lowest price or the shortest time that is known.',
    }),
    on: z
      .array(z.enum([...failureClasses, ...failureGroups]))
      .min(1)
      .optional()
      .meta({
        description:
          'Failures that move on to the next target, by class or by group; all that another target may not meet, if absent.',
      }),
    key: expression.optional().meta({
      description:
        'In a route that balances: calls with the same value go to the same target first; the job, the step and the item decide, if absent.',
    }),
  })
  .optional()
  .meta({
    description: 'Which target is asked, and when the next one is.',
    default: { mode: 'fallback' },
  });

const TARGETS =
  'The models to ask, the first one first; or routes of their own, as `{ "route": { … } }`.';

function listOf<Entry extends z.ZodType>(entry: Entry) {
  return z.array(entry).min(1).max(10).meta({ description: TARGETS });
}

function nested<Inside extends z.ZodType>(inside: Inside) {
  return z.strictObject({
    route: inside.meta({
      description:
        'A route in the place of a target: it has a `strategy` and `targets` of its own.',
    }),
    ...place,
  });
}

const innermost = z.strictObject({ strategy, targets: listOf(target) });
const inner = z.strictObject({ strategy, targets: listOf(z.union([target, nested(innermost)])) });

export const route = z.strictObject({
  strategy,
  drop_unsupported: z.boolean().optional().meta({
    description:
      'Whether what a target cannot be told is left out of its request, and named in the attempt’s history; the attempt fails otherwise.',
    default: false,
  }),
  hedge: hedge.optional().meta({
    description:
      'Asks a second target when the first one takes long: the first valid answer is used, and both are paid.',
  }),
  targets: listOf(z.union([target, nested(inner)])),
});
export type RouteDefinition = z.infer<typeof route>;

/** A model of a route, with the place at which it stands in the definition. */
export type RouteLeaf = {
  readonly target: TargetDefinition;
  readonly path: readonly PropertyKey[];
};

/** Every model of a route, in the order in which they are written. */
export function leavesOf({ targets }: RouteTree, path: readonly PropertyKey[] = []): RouteLeaf[] {
  return targets.flatMap((entry, index) => {
    const at = [...path, 'targets', index];
    return 'route' in entry
      ? leavesOf(entry.route, [...at, 'route'])
      : [{ target: entry, path: at }];
  });
}

/** A route and all that lie inside it, with their places. */
export function routesWithin(
  outer: RouteTree,
  path: readonly PropertyKey[] = [],
): { readonly route: RouteTree; readonly path: readonly PropertyKey[] }[] {
  const within = outer.targets.flatMap((entry, index) =>
    'route' in entry ? routesWithin(entry.route, [...path, 'targets', index, 'route']) : [],
  );
  return [{ route: outer, path }, ...within];
}
