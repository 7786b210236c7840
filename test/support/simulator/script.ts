import { seededRandom } from './random.ts';
import type { Call, Rule, Scripted } from './types.ts';

type ActiveRule = {
  readonly rule: Rule;
  readonly random: () => number;
  matched: number;
  fired: number;
};

/** How often a rule matched and fired so far. */
type RuleState = { readonly rule: Rule; readonly matched: number; readonly fired: number };

export type Script = {
  /** Puts these rules in the place of the old ones, with fresh counters. */
  replace(rules: readonly Rule[]): void;
  /** Puts these rules behind those that stand, whose counters go on. */
  add(rules: readonly Rule[]): void;
  /** The first rule that fires for this call, or `null`. A rule counts only the calls that reach it. */
  decide(call: Call): Scripted | null;
  state(): readonly RuleState[];
};

export function createScript(seed: number): Script {
  let active: readonly ActiveRule[] = [];
  const activate = (rule: Rule, index: number): ActiveRule => ({
    rule,
    random: seededRandom(rule.seed ?? seed + index),
    matched: 0,
    fired: 0,
  });
  return {
    replace(rules) {
      active = rules.map(activate);
    },
    add(rules) {
      const before = active.length;
      active = [...active, ...rules.map((rule, index) => activate(rule, before + index))];
    },
    decide(call) {
      return active.find((candidate) => fires(candidate, call))?.rule ?? null;
    },
    state: () => active.map(({ rule, matched, fired }) => ({ rule, matched, fired })),
  };
}

function fires(candidate: ActiveRule, call: Call): boolean {
  const { rule } = candidate;
  if (!matches(rule, call)) return false;
  candidate.matched += 1;
  if (candidate.matched <= rule.after) return false;
  if (rule.times !== undefined && candidate.fired >= rule.times) return false;
  if (rule.probability < 1 && candidate.random() >= rule.probability) return false;
  candidate.fired += 1;
  return true;
}

function matches({ match }: Rule, call: Call): boolean {
  if (match.path !== undefined && !isPath(match.path, call.path)) return false;
  if (match.model !== undefined && match.model !== call.model) return false;
  return match.contains === undefined || call.bodyText.includes(match.contains);
}

function isPath(wanted: string, path: string): boolean {
  return wanted.endsWith('*') ? path.startsWith(wanted.slice(0, -1)) : path === wanted;
}
