import type { Definition } from '../../../domain/definition/definition.ts';
import type { JobId } from '../../../domain/ids.ts';
import type { Plan } from '../../../engine/plan/plan.ts';
import type { JobShard } from '../../ports/job-shard/job-shard.ts';
import type { JobSnapshot } from '../../ports/job-shard/snapshot.ts';
import type { NextAnswer, SettlementReport } from '../../ports/job-shard/turn.ts';
import type { ExecuteDeps } from '../attempt.ts';
import { makeAfterwards, type Afterwards } from './afterwards.ts';
import { makeHedgeTimer, type HedgeTimer } from './hedge-timer.ts';
import type { Slots } from './slots.ts';
import { turnDeps } from './turn-deps.ts';
import { makeTurnPlaces, type TurnPlaces } from './turn-places.ts';

export type TurnDeps = ExecuteDeps & {
  readonly shard: JobShard;
  /** Connections, shared by all turns of this invocation. */
  readonly calls: Slots;
};

export type TurnOptions = {
  readonly jobId: JobId;
  /** True when a wake hint began this turn. */
  readonly hinted: boolean;
  /** The end of the runner's life; nothing that may last longer is taken on. */
  readonly untilMs: number;
  /** From this moment on nothing new is taken on; what runs is brought to its end. */
  readonly claimUntilMs: number;
  /** The first work, when it came with the submit's answer. */
  readonly first: { readonly answer: NextAnswer; readonly definition: Definition } | null;
};

/** What a turn knows while it lasts. */
export type Turn = {
  readonly deps: TurnDeps;
  readonly options: TurnOptions;
  plan: { readonly hash: string; readonly plan: Plan } | null;
  /** The hint that began this turn, until the shard has been told of it. */
  hinted: boolean;
  over: boolean;
  /** True when the shard had more work than there were places for. */
  starved: boolean;
  /** True when several calls at once are of use: more than one place is asked for, where they lie free. */
  wide: boolean;
  readonly places: TurnPlaces;
  /** Steps of which work was handed out. */
  readonly begun: Set<string>;
  readonly running: Map<string, Running>;
  readonly hedges: HedgeTimer;
  /** Attempts beside which another one had a result first. */
  readonly superseded: Set<string>;
  /** The end of the local work taken on so far. */
  local: Promise<void>;
  /** Reports that the shard has not taken yet. */
  reports: SettlementReport[];
  /** The job, once it is over, where the runner wants to see it. */
  end: JobSnapshot | null;
  /** What waits for the shard's answers to reports. */
  readonly afterwards: Afterwards;
  /** What is done for other jobs meanwhile. */
  chores: Promise<void>;
};

/** Work that a turn carries out. */
type Running = {
  readonly abort: AbortController;
  readonly done: Promise<void>;
  readonly local: boolean;
  /** True for work that computes: it is carried out one piece after the other. */
  readonly queued: boolean;
};

export function makeTurn(deps: TurnDeps, options: TurnOptions): Turn {
  return {
    deps: turnDeps(deps),
    options,
    plan: null,
    hinted: options.hinted,
    over: false,
    starved: false,
    wide: isAlone(options),
    places: makeTurnPlaces(deps.calls, deps.machine),
    begun: new Set(),
    running: new Map(),
    hedges: makeHedgeTimer(deps.machine),
    superseded: new Set(),
    local: Promise.resolve(),
    reports: [],
    end: null,
    afterwards: makeAfterwards(),
    chores: Promise.resolve(),
  };
}

/** A request's connections are its own; the turns of a batch share them. */
export function isAlone({ first }: TurnOptions): boolean {
  return first !== null;
}

export function isClaiming({ deps, options, over }: Turn): boolean {
  return !over && deps.machine.nowMs() < options.claimUntilMs;
}

/** Lets something be done beside the steps; the turn does not end before it. */
export function beside(turn: Turn, work: Promise<void>): void {
  turn.chores = Promise.all([turn.chores, work]).then(() => {});
}

export function abortAll({ running }: Turn): void {
  for (const { abort } of running.values()) abort.abort('cancel');
}
