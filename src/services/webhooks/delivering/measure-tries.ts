import type { DeliveryFact, JobFacts } from '../../metrics/facts/fact.ts';
import type { FactWriter } from '../../ports/fact-writer.ts';
import { errorName, type Log } from '../../ports/log.ts';
import type { Machine } from '../../ports/runtime.ts';
import type { DueDelivery, TriedDelivery } from '../../ports/webhooks.ts';
import { within } from '../../within.ts';
import type { Destination } from './deliver-one.ts';

/** A try that has ended. */
export type EndedTry = {
  readonly due: DueDelivery;
  readonly report: TriedDelivery;
  readonly endedAtMs: number;
};

export type MeasureDeps = {
  readonly machine: Pick<Machine, 'nowMs' | 'wait'>;
  readonly log: Log;
  /** Where tries are counted. Absent where nothing is measured. */
  readonly facts?: FactWriter | undefined;
  /** Shows tries to whoever draws charts; returns at once and never throws. */
  readonly showTries?: (project: Destination['project'], tries: readonly JobFacts[]) => void;
};

/** Keeps account of the tries of a turn. */
export type TryMeter = {
  /** `givenUp`: deliveries after whose try none follows. Returns at once. */
  note(ended: readonly EndedTry[], givenUp: readonly string[]): void;
  /** Writes what is still to be written. Never throws, and ends in time. */
  end(): Promise<void>;
};

/** What a turn that lasts has noted is written after so long, beside its deliveries. */
const WRITE_EVERY_MS = 5_000;
const WRITE_MS = 5_000;
const LAST_WRITES = 2;
const WRITE_AGAIN_MS = 500;

/**
 * Few writes, and none on the path of a delivery: what cannot be written is kept for the next write of the turn, and in the
 * end dropped, which the log tells. What was written twice counts once.
 */
export function makeTryMeter(deps: MeasureDeps, destination: Destination): TryMeter {
  const { machine, log, facts, showTries } = deps;
  const { project, endpointId } = destination;
  let waiting: JobFacts[] = [];
  let lastAtMs = machine.nowMs();
  let writing: Promise<void> | null = null;
  let trouble: string | null = null;

  const write = async (): Promise<void> => {
    if (facts === undefined) return;
    const noted = waiting;
    waiting = [];
    lastAtMs = machine.nowMs();
    trouble = await troubleOf(deps, facts.write(project, noted));
    if (trouble !== null) waiting = [...noted, ...waiting];
    writing = null;
  };

  return {
    note(ended, givenUp) {
      const tries = ended.flatMap((each) => factsOf(endpointId, each, givenUp));
      if (tries.length > 0) showTries?.(project, tries);
      if (facts === undefined) return;
      waiting.push(...tries);
      const isDue = waiting.length > 0 && machine.nowMs() >= lastAtMs + WRITE_EVERY_MS;
      if (isDue) writing ??= write();
    },
    async end() {
      if (writing !== null) await writing;
      for (let writes = 0; waiting.length > 0 && writes < LAST_WRITES; writes += 1) {
        if (writes > 0) await machine.wait(WRITE_AGAIN_MS);
        await write();
      }
      if (waiting.length === 0) return;
      const endpoint = endpointId ?? undefined;
      const lost = { project, endpoint, count: waiting.length, error: trouble };
      log('warn', 'metrics.tries_lost', lost);
    },
  };
}

/** Why something was not done, or not in time; null when it was. */
async function troubleOf(
  { machine }: Pick<MeasureDeps, 'machine'>,
  work: Promise<void>,
): Promise<string | null> {
  try {
    const isDone = await within(
      machine,
      WRITE_MS,
      work.then(() => true),
    );
    return isDone === null ? 'timeout' : null;
  } catch (error) {
    return errorName(error);
  }
}

/** What is measured of a try: a list of one; of none where nothing was tried, and of tests. */
function factsOf(
  endpointId: string | null,
  ended: EndedTry,
  givenUp: readonly string[],
): JobFacts[] {
  const { due, report, endedAtMs } = ended;
  const { id, verdict, tried } = report;
  const isTest = due.order.announcement.type === 'webhook.test';
  if (verdict === 'held' || verdict === 'erased' || isTest) return [];
  const fact: DeliveryFact = {
    kind: 'delivery',
    seq: tried.number,
    at: endedAtMs,
    endpoint: endpointId ?? '',
    ...outcomeOf(ended),
    ...(isAsked(report) ? { latency_ms: tried.latencyMs } : {}),
    ...(givenUp.includes(id) ? { given_up: true } : {}),
  };
  return [{ job: id, pipeline: '', version: 0, facts: [fact] }];
}

/** What was asked for again says nothing of how late deliveries are. */
function outcomeOf({ due, report, endedAtMs }: EndedTry): Pick<DeliveryFact, 'class' | 'lag_ms'> {
  const failure = failureOf(report);
  if (failure !== null) return { class: failure };
  if (due.redelivery === true) return {};
  return { lag_ms: Math.max(0, endedAtMs - due.order.announcement.atMs) };
}

/** The word of the delivery log for what went wrong, and of a status its hundred; null for a success. */
function failureOf({ verdict, tried: { status, error } }: TriedDelivery): string | null {
  if (error === 'http_status') return `http_${Math.floor((status ?? 0) / 100)}xx`;
  return verdict === 'gone' && status === null ? 'endpoint_gone' : error;
}

/** Whether the receiver was asked at all. */
function isAsked({ tried: { status, error } }: TriedDelivery): boolean {
  return status !== null || error === 'timeout' || error === 'no_answer';
}
