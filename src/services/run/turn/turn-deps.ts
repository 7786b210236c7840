import { batchedLedgers } from '../../budgets/batched-ledger.ts';
import type { ExecuteDeps } from '../attempt.ts';
import { withRecentReads } from './recent-reads.ts';
import { steadyObjects } from './steady-objects.ts';

/** What the attempts of one turn share: objects that were read, and calls to the ledger of the project's budgets. */
export function turnDeps<Deps extends ExecuteDeps>(deps: Deps): Deps {
  return {
    ...deps,
    objects: withRecentReads(steadyObjects(deps.objects, deps)),
    ...(deps.ledgers === undefined ? {} : { ledgers: batchedLedgers(deps.ledgers) }),
  };
}
