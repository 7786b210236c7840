import type { WantedCalls } from '../ports/targets/target-gates.ts';

/** A call that waits for a permit. */
export type WaitingCall = { readonly tokens: number; readonly isLastTry: boolean };

/** The most calls that are asked for beyond those that wait. */
const AHEAD_MAX = 64;

/** What is asked of the gate: for those that wait, and half as many more as were let through since it was last asked. */
export function wantedFor(waiting: readonly WaitingCall[], admittedSince: number): WantedCalls {
  const tokens = waiting.map((each) => each.tokens);
  const sum = tokens.reduce((total, each) => total + each, 0);
  const ahead = Math.min(AHEAD_MAX, Math.floor(admittedSince / 2));
  const each = sum / Math.max(1, tokens.length);
  return {
    calls: tokens.length + ahead,
    tokens: Math.ceil(sum + ahead * each),
    tokensOfFirst: tokens[0] ?? 0,
    ...(waiting.every(({ isLastTry }) => isLastTry) ? { areLastTries: true } : {}),
  };
}
