import { z } from 'zod';

import type { Target } from '../../domain/job/attempt.ts';
import {
  hasLimits,
  targetName,
  targetOf,
  type TargetLimits,
} from '../../domain/model/target-gate.ts';

/**
 * The setting `TARGET_LIMITS`: a JSON object of limits by target. `provider/model` is one target, `provider/*` every
 * model of a provider that has no entry of its own, each with these limits for itself.
 */
export type LimitSetting = {
  readonly limitsOf: (target: Target) => TargetLimits;
  /** The targets that have an entry of their own. */
  readonly named: readonly Target[];
  /** What is wrong with the setting, one sentence each; what is wrong is left out, the rest counts. */
  readonly problems: readonly string[];
};

const FIELDS = 'requests_per_minute, tokens_per_minute and concurrency';

function upTo(max: number) {
  const error = `write a whole number from 1 to ${max}`;
  return z.int({ error }).min(1, { error }).max(max, { error }).optional();
}

const entrySchema = z.strictObject(
  {
    requests_per_minute: upTo(1_000_000),
    tokens_per_minute: upTo(10_000_000_000),
    concurrency: upTo(100_000),
  },
  { error: `write an object of limits: ${FIELDS}` },
);

const NO_LIMITS: TargetLimits = {};

export function readTargetLimits(
  text: string | undefined,
  knownProviders: readonly string[],
): LimitSetting {
  const entries = text === undefined ? {} : parse(text);
  if (entries === null) {
    const problem =
      'TARGET_LIMITS: not a JSON object; write {"provider/model": {"concurrency": 10}}';
    return { limitsOf: () => NO_LIMITS, named: [], problems: [problem] };
  }
  const limits = new Map<string, TargetLimits>();
  const problems: string[] = [];
  for (const [name, entry] of Object.entries(entries)) {
    const parsed = entrySchema.safeParse(entry);
    const wrongName = problemOfName(name, knownProviders);
    if (wrongName !== null) problems.push(`TARGET_LIMITS: ${JSON.stringify(name)} ${wrongName}`);
    else if (!parsed.success) problems.push(...problemsOf(name, parsed.error));
    else if (hasLimits(limitsFrom(parsed.data))) limits.set(name, limitsFrom(parsed.data));
    else
      problems.push(`TARGET_LIMITS: ${JSON.stringify(name)} names no limit; there are ${FIELDS}`);
  }
  return {
    limitsOf: (target) =>
      limits.get(targetName(target)) ?? limits.get(`${target.provider}/*`) ?? NO_LIMITS,
    named: [...limits.keys()].flatMap((name) =>
      name.endsWith('/*') ? [] : (targetOf(name) ?? []),
    ),
    problems,
  };
}

function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return z.record(z.string(), z.unknown()).safeParse(value).data ?? null;
  } catch {
    return null;
  }
}

function problemOfName(name: string, knownProviders: readonly string[]): string | null {
  const target = targetOf(name);
  if (target === null) return 'is not a target; write "provider/model" or "provider/*"';
  if (knownProviders.includes(target.provider)) return null;
  return `names an unknown provider; known are ${knownProviders.join(', ')}`;
}

function problemsOf(name: string, error: z.ZodError): string[] {
  return error.issues.map(({ path, message }) => {
    const field = path.length === 0 ? '' : `.${path.join('.')}`;
    return `TARGET_LIMITS: ${JSON.stringify(name)}${field}: ${message}`;
  });
}

function limitsFrom({
  requests_per_minute: requestsPerMinute,
  tokens_per_minute: tokensPerMinute,
  concurrency,
}: z.infer<typeof entrySchema>): TargetLimits {
  return {
    ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
    ...(tokensPerMinute === undefined ? {} : { tokensPerMinute }),
    ...(concurrency === undefined ? {} : { concurrency }),
  };
}
