import { DEFAULTS, MAP_CONCURRENCY_DEFAULT } from '../../domain/definition/definition.ts';
import type { Definition, StepDefinition } from '../../domain/definition/definition.ts';
import { durationMs } from '../../domain/duration.ts';
import type { Violation } from '../../domain/job/failure.ts';
import { jsonPointer } from '../../domain/json.ts';
import { isModelStepKind, type StepKind } from '../../domain/definition/step-kinds.ts';
import { compileStep, type CompiledStep } from './compile-step.ts';
import { compileConcurrency, type Concurrency } from './concurrency.ts';
import type { Compiled } from '../expression/cel.ts';
import { formatPath, outermost, type Path } from '../expression/path.ts';
import {
  compileTemplate,
  computedParts,
  readsOf,
  type Template,
  type TemplateProblem,
} from '../expression/template.ts';
import { checkRoutes } from './check-routes.ts';
import { compileRoutes, routeReads, type Route } from '../routes/plan-route.ts';
import { checkReferences } from './references.ts';
import { handledSteps, onFailureOf, withHandlers, type OnFailure } from './handlers.ts';
import { orderSteps } from './order.ts';

/**
 * A definition made ready to run: expressions compiled, needs complete, steps in an order in which every step
 * follows what it needs. Compiling is pure, so a plan may be cached by the definition's hash.
 */
export type Plan = {
  readonly definition: Definition;
  readonly steps: readonly PlannedStep[];
  readonly byId: ReadonlyMap<string, PlannedStep>;
  readonly output: Template | null;
  /** The parts of the output that compute. */
  readonly outputComputed: readonly Compiled[];
  /** What control expressions read of the job's input. */
  readonly inputReports: readonly ControlRead[];
  readonly concurrency: Concurrency | null;
  readonly jobTimeoutMs: number;
  readonly queueTimeoutMs: number;
  readonly retention: { readonly payloadsMs: number; readonly historyMs: number };
};

export type PlannedStep = {
  readonly id: string;
  readonly definition: StepDefinition;
  /** Steps that must have ended before: those in `needs` and those its expressions read. */
  readonly needs: readonly string[];
  readonly condition: Compiled | null;
  readonly forEach: ForEach | null;
  readonly input: Template;
  /** Places outside the item that a runner must have to fill `input` in. */
  readonly reads: readonly Path[];
  /** What control expressions read of this step's output; a runner reports it when it settles. */
  readonly reports: readonly ControlRead[];
  readonly route: Route | null;
  readonly retry: RetryPolicy;
  readonly attemptTimeoutMs: number;
  readonly stepTimeoutMs: number | null;
  readonly reAsksMax: number;
  readonly onFailure: OnFailure;
  /** The step that this one stands in for when that fails; null for all but handlers. */
  readonly handles: string | null;
  /** True for a map that goes on without the items that fail. */
  readonly keepsGoing: boolean;
};

export type ForEach = {
  readonly template: Template;
  readonly maxConcurrency: number;
};

export type RetryPolicy = {
  readonly maxAttempts: number;
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
};

/** A small value that `decide` needs to see: the value itself, or how long a list is. */
export type ControlRead = { readonly path: Path; readonly want: 'value' | 'length' };

/** Names a control read in storage and in reports. */
export function controlKey(read: ControlRead): string {
  return read.want === 'length' ? `size(${formatPath(read.path)})` : formatPath(read.path);
}

export type PlanResult =
  | { readonly ok: true; readonly plan: Plan }
  | { readonly ok: false; readonly violations: readonly Violation[] };

const MODEL_ATTEMPT_TIMEOUT_MS = 60_000;
const TRANSFORM_ATTEMPT_TIMEOUT_MS = 30_000;
const CHILD_TIMEOUT_MS = 30 * 86_400_000;

/** Values of control reads, each at most 16 kB, are kept in the row of the job. */
const CONTROL_READS_MAX = 32;

/** Compiles a well-formed definition, or says everything that does not fit together. */
export function makePlan(definition: Definition): PlanResult {
  const problems: TemplateProblem[] = [];
  const routes = compileRoutes(definition, problems);
  const compiled = definition.steps.map((step, index) =>
    compileStep(step, index, routes, problems),
  );
  const output =
    definition.output === undefined
      ? null
      : compileTemplate(definition.output, ['output'], problems);
  const concurrency = compileConcurrency(definition, problems);
  const violations = [
    ...problems.map(({ path, message }) => ({
      pointer: jsonPointer(path),
      code: 'expression',
      message,
    })),
    ...checkReferences(definition, compiled, output),
    ...checkRoutes(definition, compiled, routes),
  ];
  if (violations.length > 0) return { ok: false, violations };

  const handled = handledSteps(compiled);
  const order = orderSteps(withHandlers(compiled, handled));
  if (order.cycle !== null)
    return { ok: false, violations: [cycleViolation(definition, order.cycle)] };

  const control = controlReads(compiled, output);
  if (control.length > CONTROL_READS_MAX) {
    return { ok: false, violations: [controlReadsViolation(control.length)] };
  }
  const steps = order.steps.map((step) => planStep(step, control, handled.get(step.id) ?? null));
  return {
    ok: true,
    plan: {
      definition,
      steps,
      byId: new Map(steps.map((step) => [step.id, step])),
      output,
      outputComputed: output === null ? [] : computedParts(output),
      inputReports: control.filter((read) => read.path[0] === 'input'),
      concurrency,
      ...times(definition),
    },
  };
}

/** Everything that `decide` has to see of inputs and outputs. */
function controlReads(steps: readonly CompiledStep[], output: Template | null): ControlRead[] {
  const values = [
    ...steps.flatMap((step) => step.condition?.reads ?? []),
    ...steps.flatMap((step) => routeReads(step.route)),
    ...steps.flatMap((step) => (step.definition.uses === 'wait' ? readsOf(step.input) : [])),
    ...steps.flatMap((step) => (step.forEach === null ? [] : computedReads(step.forEach))),
    ...(output === null ? [] : computedReads(output)),
  ];
  const lengths = steps.flatMap((step) =>
    step.forEach?.kind === 'path' ? [step.forEach.path] : [],
  );
  return [
    ...unique(values).map((path) => ({ path, want: 'value' }) as const),
    ...unique(lengths).map((path) => ({ path, want: 'length' }) as const),
  ];
}

function computedReads(template: Template): readonly Path[] {
  return computedParts(template).flatMap((compiled) => compiled.reads);
}

function unique(paths: readonly Path[]): Path[] {
  return [...new Map(paths.map((path) => [formatPath(path), path])).values()];
}

function planStep(
  step: CompiledStep,
  control: readonly ControlRead[],
  handles: string | null,
): PlannedStep {
  const { timeouts, check, max_concurrency: maxConcurrency, uses } = step.definition;
  const loopReads = step.forEach === null ? [] : computedReads(step.forEach);
  return {
    ...step,
    forEach: step.forEach && {
      template: step.forEach,
      maxConcurrency: maxConcurrency ?? MAP_CONCURRENCY_DEFAULT,
    },
    reads: outermost(
      [...readsOf(step.input), ...loopReads].filter(
        ([root]) => root === 'input' || root === 'steps',
      ),
    ),
    reports: [
      ...outputReads(control, step.id),
      // What is read of the step it stands in for, it reports as its own.
      ...(handles === null ? [] : outputReads(control, handles).map(readOf(step.id))),
    ],
    retry: planRetry(step.definition, step.route),
    attemptTimeoutMs: durationMs(timeouts?.attempt, attemptDefaultMs(uses)),
    stepTimeoutMs: durationMs(timeouts?.step, null),
    reAsksMax: check?.re_ask ?? 0,
    onFailure: onFailureOf(step.definition),
    handles,
    keepsGoing: step.definition.on_item_failure === 'continue',
  };
}

/** A child job has its own deadlines; that of the attempt is its step's or its job's. */
function attemptDefaultMs(uses: StepKind): number {
  if (uses === 'pipeline') return CHILD_TIMEOUT_MS;
  return isModelStepKind(uses) ? MODEL_ATTEMPT_TIMEOUT_MS : TRANSFORM_ATTEMPT_TIMEOUT_MS;
}

function outputReads(control: readonly ControlRead[], id: string): ControlRead[] {
  return control.filter(
    ({ path }) => path[0] === 'steps' && path[1] === id && path[2] === 'output',
  );
}

/** The same read of another step. */
function readOf(id: string) {
  return ({ path, want }: ControlRead): ControlRead => ({
    path: ['steps', id, ...path.slice(2)],
    want,
  });
}

/** A child job has tried all it could: it is not repeated unasked. */
function defaultAttempts(uses: StepKind, targets: number): number {
  return uses === 'pipeline' ? 1 : Math.max(DEFAULTS.retryMaxAttempts, targets);
}

function planRetry({ retry, uses }: StepDefinition, route: Route | null): RetryPolicy {
  const targets = route?.width ?? 1;
  return {
    maxAttempts: retry?.max_attempts ?? defaultAttempts(uses, targets),
    baseDelayMs: durationMs(retry?.base_delay, DEFAULTS.retryBaseDelayMs),
    maxDelayMs: durationMs(retry?.max_delay, DEFAULTS.retryMaxDelayMs),
  };
}

function times({ timeouts, retention }: Definition) {
  const jobTimeoutMs = durationMs(timeouts?.job, DEFAULTS.jobTimeoutMs);
  const payloadsMs = durationMs(retention?.payloads, DEFAULTS.retentionPayloadsMs);
  const historyMs = durationMs(retention?.history, DEFAULTS.retentionHistoryMs);
  return {
    jobTimeoutMs,
    queueTimeoutMs: durationMs(timeouts?.queue, jobTimeoutMs),
    retention: { payloadsMs, historyMs: Math.max(payloadsMs, historyMs) },
  };
}

function controlReadsViolation(count: number): Violation {
  return {
    pointer: '/steps',
    code: 'too_many_control_reads',
    message: `\`if\`, \`for_each\`, routes and computed outputs read ${count} different places; at most ${CONTROL_READS_MAX} are kept with a job. Let a data.compose step gather them into one small object and read that`,
  };
}

function cycleViolation(definition: Definition, cycle: readonly string[]): Violation {
  const index = definition.steps.findIndex((step) => step.id === cycle[0]);
  return {
    pointer: jsonPointer(['steps', index]),
    code: 'cycle',
    message: `these steps wait for each other: ${[...cycle, cycle[0]].join(' -> ')}; remove one of the references`,
  };
}
