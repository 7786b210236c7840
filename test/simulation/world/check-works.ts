import { attemptKey } from '../../../src/domain/job/attempt.ts';
import type { JobEvent } from '../../../src/domain/job/event.ts';
import type { Stored } from './checks.ts';
import { demand } from './demand.ts';
import { WORKS_FROM, type Work } from './slow-provider.ts';
import type { World } from './world.ts';

/** How many pieces of work were paid for, and how many would have been enough. */
export type Works = { readonly paid: number; readonly needed: number; readonly twice: number };

/** Compares the books of the provider that works by itself with what the jobs say of its work. */
export function checkWorks(world: World, jobs: readonly Stored[]): Works {
  const { works } = world.slow;
  const usedBy = new Map<number, string>();
  for (const { jobId, events } of jobs) {
    for (const event of events) {
      const number = workOf(event);
      if (number === null) continue;
      const place = `${jobId}:${placeOf(event)}`;
      const work = works[number - 1];
      demand(work !== undefined, `${place} has the result of work that nobody did`);
      demand(work.key.startsWith(place), `${place} has the result of ${work.key}`);
      demand(!usedBy.has(number), `work ${number} was charged twice`);
      usedBy.set(number, place);
    }
  }
  const places = Map.groupBy(works, ({ key }) => key.slice(0, key.lastIndexOf('#')));
  const twice = [...places.values()].flatMap(duplicates);
  if (isCertain(world)) {
    demand(twice.length === 0, `paid twice: ${JSON.stringify(twice)}`);
  }
  if (world.faults.rates.get('provider.call') === 0) {
    for (const job of jobs) checkStopped(world, job, usedBy);
  }
  return { paid: works.length, needed: works.length - twice.length, twice: twice.length };
}

/** A provider may work this long on for nobody: hints to stop it are repeated, some of them get lost. */
const STOPPED_MS = 20 * 60_000;

/** Work that the job knew of and did not use was stopped, unless it was done by itself before. */
function checkStopped(
  { slow }: World,
  { jobId, state, events }: Stored,
  used: ReadonlyMap<number, string>,
): void {
  for (const event of events) {
    if (event.type !== 'step.waiting' || event.data.kind !== 'provider') continue;
    const work = slow.works[Number(event.data.providerJobId.replace('work-', '')) - 1];
    if (work === undefined || used.has(work.number) || work.cancelledAtMs !== null) continue;
    const soon = work.doneAtMs <= (state.finishedAtMs ?? 0) + STOPPED_MS;
    demand(soon, `${jobId} is over, and work ${work.number} went on for nobody`);
  }
}

/** True when the provider can be asked about every submit, and no word to or from it was lost. */
function isCertain({ slow, faults }: World): boolean {
  return slow.finds && !faults.struck.has('provider.call');
}

/** Work that was given out again though the piece before it would have come to a good end. */
function duplicates(works: readonly Work[]): readonly (readonly [Work, Work])[] {
  return works.flatMap((work, index): [Work, Work][] => {
    const before = works[index - 1];
    if (before === undefined || before.fails || !before.listed) return [];
    // Work that takes longer than its attempt may is given up, and told to stop.
    if (before.cancelledAtMs !== null || before.takesMs > 1_000_000) return [];
    return [[before, work]];
  });
}

function placeOf(event: JobEvent): string {
  const { step = '', item = null } = event;
  return attemptKey(step, item, 0).slice(0, -1);
}

/** The number of the work that an event charges for; null for an event that charges for none. */
function workOf(event: JobEvent): number | null {
  const facts =
    event.type === 'attempt.succeeded' ||
    event.type === 'attempt.failed' ||
    event.type === 'cost.adjusted'
      ? event.data.facts
      : null;
  const tokens = facts?.usage?.inputTokens ?? 0;
  return tokens > WORKS_FROM ? tokens - WORKS_FROM : null;
}
