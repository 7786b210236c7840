import type { AttemptFacts, StopReason, Target } from './attempt.ts';
import type { BudgetDeclineReason, BudgetRefusal } from '../budget.ts';
import type { Failure, FailureClass, Violation } from './failure.ts';
import type { JobId } from '../ids.ts';
import type { RerunOf } from './rerun.ts';
import type { StoredValue } from './stored-value.ts';
import type { DeclineReason } from '../model/target-gate.ts';
import type { Wait } from './wait.ts';

/**
 * The history of a job: what happened, in order, in words that are stored for months. Fields are added as
 * optional; names and meanings never change. Folding a job's events gives its state (`engine/fold/fold.ts`), so an
 * event carries hash, size and reference of a payload, never the payload.
 */
type None = Readonly<Record<string, never>>;

type JobScope = {
  'job.queued': {
    readonly pipeline: string;
    readonly version: number;
    readonly definitionHash: string;
    readonly input: StoredValue;
    readonly rerunOf?: RerunOf;
  };
  'job.started': None;
  /** Nothing can move before a timer, an event or a child job. */
  'job.waiting': None;
  'job.paused': { readonly by: string };
  /** A pause is over, or what a job waited for has come. */
  'job.resumed': { readonly by?: string };
  'job.cancelling': { readonly by: string };
  'job.succeeded': None;
  'job.partially_succeeded': None;
  'job.failed': { readonly code: string; readonly message: string; readonly step?: string };
  'job.cancelled': { readonly by: string };
  'job.expired': None;
  'job.timed_out': None;
};

type StepScope = {
  /** The step may run now. A map says over how many items. */
  'step.queued': { readonly items?: number };
  'step.started': None;
  'step.waiting':
    | { readonly kind: 'retry_backoff'; readonly untilAtMs: number }
    /** The attempt goes on in a job of its own. */
    | {
        readonly kind: 'child';
        readonly jobId: JobId;
        /** What that job may cost at most, in a job that has a limit. */
        readonly allowanceNanoUsd?: number;
      }
    /** The provider works on by itself, and is asked again at `checkAtMs`. */
    | {
        readonly kind: 'provider';
        readonly providerJobId: string;
        readonly checkAtMs: number;
        /** The earlier attempt whose submit it was: nothing was sent again. */
        readonly adoptedFrom?: number;
      };
  /** `output` is null for a map: its items' outputs lie with the items. */
  'step.succeeded': {
    readonly output: StoredValue | null;
    readonly itemsFailed?: number;
    /** Taken over from the job that this one runs again; nothing was done for it. */
    readonly reused?: true;
  };
  'step.failed': {
    readonly failure: Failure;
    readonly stopped: StopReason;
    /** The step that runs now because this one failed. */
    readonly handler?: string;
  };
  'step.skipped': { readonly reason: SkipReason };
};
export type SkipReason = 'condition' | 'needs_skipped' | 'needs_failed' | 'no_failure';

type WaitScope = {
  'wait.started': Wait;
  /** `by` says who sent the event; null for a timer. */
  'wait.completed': { readonly by: string | null };
  'wait.timed_out': None;
};

type AttemptScope = {
  'attempt.started': {
    readonly target: Target | null;
    readonly targetIndex: number;
    readonly deadlineAtMs: number;
    /** True when the work stays inside the Worker: it costs nothing, whatever becomes of it. */
    readonly local: boolean;
    /** What the call, or the child job, may cost at most, in a job that has a limit. */
    readonly allowanceNanoUsd?: number;
    /** When a second target is asked beside this one, if it has not ended by then. */
    readonly hedgeAtMs?: number;
    /** The attempt that takes long, beside which this one is made at another target. */
    readonly hedgeOf?: number;
  };
  'attempt.succeeded': {
    readonly facts: AttemptFacts;
    readonly output: StoredValue;
    /** True when the attempt had been given up, and counted as unpriced, and its result came in time all the same. */
    readonly late?: true;
    /** What its end was counted as when it was given up, of a late one; absent in events of earlier releases. */
    readonly countedAs?: CountedAs;
  };
  'attempt.failed': {
    readonly facts: AttemptFacts;
    readonly failure: Failure;
    /** True when another call follows though nobody knows whether the provider took this one. */
    readonly possibleDuplicateSpend?: true;
    /** True when the provider still worked on it: what it costs is not known yet, and it is told to stop. */
    readonly abandoned?: true;
  } & Continuation;
  /** The runner stopped renewing its lease: what became of the call is unknown. */
  'attempt.lost': { readonly possibleDuplicateSpend: boolean } & Continuation;
  /** The target's gate let no call through: nothing was sent, and nothing counts against the step. */
  'attempt.declined': {
    readonly reason: DeclineReason | BudgetDeclineReason;
    /** The budget that had no room for the call; absent where the gate let none through. */
    readonly budget?: string;
    /** What the call may cost, where more than the job had left for it. */
    readonly askedNanoUsd?: number;
    /** The failure that has closed the way to the target, where one has. */
    readonly because?: FailureClass;
    readonly untilAtMs: number;
  } & Continuation;
  /** Another attempt had a result first: one beside it, or one that was believed lost. This one is not needed any more. */
  'attempt.superseded': { readonly by: number };
  /** The attempt took so long that a second target was to be asked, and there was none that could be. */
  'hedge.skipped': { readonly reason: 'no_target' };
  /** A runner asks the provider how far it is; if nobody hears of that runner, it is asked again at `checkAtMs`. */
  'attempt.polled': { readonly checkAtMs: number };
  /** The provider has called back: it is asked, or read, at once. */
  'attempt.called_back': { readonly checkAtMs: number };
  /** What the provider says of a submit whose answer was lost, before anything is sent again. */
  'attempt.reconciled': {
    readonly outcome: 'adopted' | 'absent' | 'unknown';
    /** The attempt that asked. */
    readonly by: number;
    /** True when it could not be told, and the call was made again. */
    readonly possibleDuplicateSpend?: true;
  };
  /** The result of an identical call was taken over: nothing was asked and nothing paid. */
  'cache.hit': {
    /** What that call cost; null when it is not known. */
    readonly savedNanoUsd: number | null;
    /** When its result was recorded. */
    readonly createdAtMs: number;
  };
  'target.skipped': {
    readonly target: Target;
    readonly reason: string;
    /** When it is worth asking the target again, where that is known. */
    readonly untilAtMs?: number;
  };
  'fallback.taken': { readonly from: Target; readonly to: Target; readonly because: string };
  'check.failed': { readonly violations: readonly Violation[] };
  'output.re_asked': { readonly reAsks: number };
  /** A budget had no room for the call: it fails, waits, or goes to another target. Told once for all tries of a wait. */
  'budget.exceeded': { readonly reason: BudgetDeclineReason } & BudgetRefusal;
  'cost.unknown': { readonly target: Target };
  /** What an attempt cost is known now, too late for its result to be used. */
  'cost.adjusted': {
    readonly facts: AttemptFacts;
    /** True when the attempt was counted as unpriced until now. */
    readonly replacesUnknown: boolean;
    /**
     * What the attempt's end was counted as; null for one that was open when its job ended. Absent in events of earlier
     * releases.
     */
    readonly countedAs?: CountedAs | null;
  };
};

/** How an attempt ended whose result is not known, or not yet: the class of its failure, or that nobody has heard of it. */
export type CountedAs = FailureClass | 'lost' | 'superseded';

/** What follows an attempt that gave no result: another one, or the reason why not. */
export type Continuation =
  | {
      readonly retry: {
        readonly atMs: number;
        readonly targetIndex: number;
        /** Its number, when it is not the one after this attempt's. */
        readonly attempt?: number;
        /** What the child may cost that it may find, because this attempt may have made one. */
        readonly heldNanoUsd?: number;
      };
    }
  | { readonly stopped: StopReason }
  /** Nothing yet: this attempt is still open, and its end decides. A further target may be asked beside it. */
  | { readonly leftTo: number; readonly hedgeAtMs?: number };

type EventData = JobScope & StepScope & WaitScope & AttemptScope;
export type EventType = keyof EventData;

/** An event as the engine emits it, before it gets its number and time. */
export type EventBody<Type extends EventType = EventType> = {
  [Name in Type]: {
    readonly type: Name;
    /** The step, on events about a step or an attempt. */
    readonly step?: string;
    /** The item of a map, counted from 0. */
    readonly item?: number;
    /** The attempt, counted from 1. */
    readonly attempt?: number;
    readonly data: EventData[Name];
  };
}[Type];

/** One line of a job's history. `seq` is per job, from 1, without gaps. */
export type JobEvent<Type extends EventType = EventType> = EventBody<Type> & {
  readonly seq: number;
  readonly atMs: number;
};
