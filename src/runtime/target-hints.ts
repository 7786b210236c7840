import type { Target } from '../domain/job/attempt.ts';
import { targetName } from '../domain/model/target-gate.ts';
import { blendedNanoUsdPerMTok } from '../pricing/blended-price.ts';
import { capabilitiesOfModel } from '../providers/capabilities/find.ts';

/** What lists and tables say of a target, for routes that compare targets. */
type TargetHints = {
  readonly costNanoUsdPerMTok: number | null;
  readonly contextTokens?: number;
};

/** Prices change by the day at most. */
const FRESH_MS = 3_600_000;
const TARGETS_MAX = 1_000;

/** Looks a target up once an hour: decisions ask for every target of a route, and price lists are long. */
export function makeTargetHints(
  nowMs: () => number,
): (target: Target, local: boolean) => TargetHints {
  const known = new Map<string, { readonly hints: TargetHints; readonly untilMs: number }>();
  return (target, local) => {
    const name = targetName(target);
    const found = known.get(name);
    const now = nowMs();
    if (found !== undefined && now < found.untilMs) return found.hints;
    const { contextTokens } = capabilitiesOfModel(target) ?? {};
    const hints = {
      costNanoUsdPerMTok: local ? 0 : blendedNanoUsdPerMTok(target, now),
      ...(contextTokens === undefined ? {} : { contextTokens }),
    };
    // Names come from definitions: a bound keeps their number from growing.
    if (known.size >= TARGETS_MAX) known.clear();
    known.set(name, { hints, untilMs: now + FRESH_MS });
    return hints;
  };
}
