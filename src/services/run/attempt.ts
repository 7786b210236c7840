import type { AttemptFacts } from '../../domain/attempt.ts';
import type { Failure } from '../../domain/failure.ts';
import type { Json } from '../../domain/json.ts';
import type { Plan, PlannedStep } from '../../engine/plan.ts';
import type { JobContext, WorkItem } from '../ports/job-shard.ts';
import type { Log } from '../ports/log.ts';
import type { Objects } from '../ports/objects.ts';
import type { Providers } from '../ports/providers.ts';
import type { Machine } from '../ports/runtime.ts';

export type ExecuteDeps = {
  readonly objects: Objects;
  readonly providers: Providers;
  readonly machine: Machine;
  readonly log: Log;
};

export type Attempt = {
  readonly job: JobContext;
  readonly plan: Plan;
  readonly step: PlannedStep;
  readonly work: WorkItem;
  /** Aborted with the reason `cancel` or `deadline`. */
  readonly signal: AbortSignal;
  /** Called once the attempt no longer holds a connection. */
  readonly onHeaders: () => void;
};

/** What carrying out a step gave, before its output is checked and packed. */
export type Ran = {
  readonly facts: AttemptFacts;
  readonly result:
    | {
        readonly ok: true;
        readonly output: Json;
        /** What the check looks at. */ readonly checked: Json;
      }
    | { readonly ok: false; readonly failure: Failure; readonly rejected?: Json };
};
