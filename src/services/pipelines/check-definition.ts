import {
  DEFINITION_BYTES_MAX,
  definitionSchema,
  type Definition,
} from '../../domain/definition/definition.ts';
import type { Violation } from '../../domain/job/failure.ts';
import {
  isJsonObject,
  jsonBytes,
  jsonPointer,
  type Json,
  type JsonObject,
} from '../../domain/json.ts';
import { violationsOf } from '../../domain/violations.ts';
import { makePlan, type Plan } from '../../engine/plan/plan.ts';
import { worstCaseOf, type WorstCase } from '../../engine/plan/worst-case.ts';
import { checkPrompt } from '../../steps/model/prompt.ts';
import { compileJsonSchema } from '../json-schema/compile.ts';
import type { Providers } from '../ports/targets/providers.ts';
import { checkStepInputs } from './check-step-inputs.ts';
import { attemptTimeViolations } from './definition-checks/attempt-times.ts';
import { cacheViolations, cacheWarnings } from './definition-checks/caches.ts';
import { contradictions, type Contradictions } from './definition-checks/contradictions.ts';
import { hedgeViolations } from './definition-checks/hedges.ts';
import { routeViolations } from './definition-checks/routes.ts';
import { mayBeConsequence, salvage } from './definition-checks/salvage.ts';
import { streamViolations } from './definition-checks/streams.ts';
import { warningsOf } from './definition-checks/warnings.ts';
import { isTicketed, worstCaseWarnings } from './definition-checks/worst-case.ts';

export type CheckedDefinition =
  | {
      readonly ok: true;
      readonly definition: Definition;
      readonly plan: Plan;
      readonly warnings: readonly Violation[];
      readonly worstCase: WorstCase;
    }
  | { readonly ok: false; readonly violations: readonly Violation[] };

/**
 * Everything that can be wrong with a definition, found when it is saved: shape, expressions, references,
 * cycles, schemas, prompts, providers. All violations at once, each with a pointer.
 */
export function checkDefinition(body: unknown, providers: Providers): CheckedDefinition {
  const given = withoutSchemaHint(body);
  const parsed = definitionSchema.safeParse(given);
  if (!parsed.success) {
    const malformed = violationsOf(parsed.error);
    const rest = salvage(given, malformed);
    const found = rest === null ? [] : checkParts(rest, providers).violations;
    const others = found.filter((violation) => !mayBeConsequence(violation, malformed));
    return { ok: false, violations: [...malformed, ...others] };
  }
  const definition = parsed.data;
  const { plan, violations, warnings } = checkParts(definition, providers);
  if (plan === null || violations.length > 0) return { ok: false, violations };
  const worstCase = worstCaseOf(plan, (step, index) => isTicketed(step, index, providers));
  return {
    ok: true,
    definition,
    plan,
    worstCase,
    warnings: [...warnings, ...warningsOf(plan), ...worstCaseWarnings(plan, worstCase)],
  };
}

type Found = Contradictions & { readonly plan: Plan | null };

/** What does not hold in a definition that is well-formed. */
function checkParts(definition: Definition, providers: Providers): Found {
  const bytes = jsonBytes(asJson(definition));
  if (bytes > DEFINITION_BYTES_MAX) {
    const message = `the definition takes ${bytes} bytes; at most ${DEFINITION_BYTES_MAX} are allowed. Move long texts into the job's input, or split the pipeline`;
    const violations = [{ pointer: '', code: 'too_large', message }];
    return { plan: null, violations, warnings: [] };
  }
  const planned = makePlan(definition);
  const { violations, warnings } = contradictions(definition);
  return {
    plan: planned.ok ? planned.plan : null,
    violations: [
      ...(planned.ok ? [] : planned.violations),
      ...violations,
      ...schemaViolations(definition),
      ...promptViolations(definition),
      ...routeViolations(definition, providers),
      ...attemptTimeViolations(definition, providers),
      ...(planned.ok ? hedgeViolations(planned.plan, providers) : []),
      ...cacheViolations(definition),
      ...streamViolations(definition),
      ...checkStepInputs(definition),
    ],
    warnings: [...warnings, ...cacheWarnings(definition)],
  };
}

/** `$schema` tells an editor where the definition's schema lies; it is no part of the definition. */
function withoutSchemaHint(body: unknown): unknown {
  if (!isJsonObject(body) || typeof body['$schema'] !== 'string') return body;
  const { $schema: _hint, ...definition } = body;
  return definition;
}

/** A definition is JSON by construction: it came through the schema. */
function asJson(definition: Definition): Json {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every field of the schema is JSON
  return definition as unknown as Json;
}

function schemaViolations(definition: Definition): Violation[] {
  const { schema } = definition.input ?? {};
  return [
    ...(schema === undefined ? [] : schemaProblems(schema, ['input', 'schema'])),
    ...definition.steps.flatMap(({ check }, index) =>
      check?.schema === undefined
        ? []
        : schemaProblems(check.schema, ['steps', index, 'check', 'schema']),
    ),
  ];
}

function schemaProblems(schema: JsonObject, path: readonly PropertyKey[]): Violation[] {
  const compiled = compileJsonSchema(schema);
  if (compiled.ok) return [];
  return compiled.violations.map((violation) => ({
    ...violation,
    pointer: `${jsonPointer(path)}${violation.pointer}`,
  }));
}

function promptViolations(definition: Definition): Violation[] {
  return definition.steps.flatMap((step, index) =>
    step.prompt === undefined
      ? []
      : checkPrompt(step.prompt, declaredVariables(step.with?.['vars']), [
          'steps',
          index,
          'prompt',
        ]),
  );
}

/** The names that `with.vars` gives; null when it is an expression whose keys only the run will know. */
function declaredVariables(vars: Json | undefined): readonly string[] | null {
  if (vars === undefined) return [];
  return isJsonObject(vars) ? Object.keys(vars) : null;
}
