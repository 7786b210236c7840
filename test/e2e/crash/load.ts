import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'vitest';

import type { JsonObject } from '../../../src/domain/json.ts';
import type { JobView } from '../../../src/services/views/jobs/job-schema.ts';
import type { Random } from '../../simulation/world/random.ts';
import type { Answer, Tenant } from '../support/api.ts';
import { drawJob } from './load-kinds.ts';

/** A submit, with everything that was ever answered to it. */
type Submission = {
  readonly body: JsonObject;
  /** Null for one that cannot be repeated. */
  readonly key: string | null;
  readonly inline: boolean;
  /** The jobs that answers named: one, however often it was repeated. */
  readonly ids: Set<string>;
  /** Tries without an answer, also those that found no server. */
  lost: number;
};

export type Load = {
  readonly submissions: readonly Submission[];
  /** The pause of a client between two jobs is up to this long from now on. */
  pace(pauseMaxMs: number): void;
  /** Resolves once every client has an answer to its last submit; the server has to be up for it. */
  stop(): Promise<void>;
};

const CLIENTS = 8;
const REPEAT_AFTER_MS = 150;
/** What a proxy in front of a server that is coming or going may say in its place. */
const GATEWAY_STATUS = 502;

/**
 * Clients that submit one job after the other, whatever happens to the server. One with a key repeats its submit
 * until it has an answer, also when it has hung up itself; it may send twice at once, and once more at the end.
 */
export function startLoad(api: Tenant, random: Random): Load {
  const submissions: Submission[] = [];
  const orders = { stopped: false, pauseMaxMs: 0 };
  const client = async (): Promise<void> => {
    while (!orders.stopped) {
      const submission = drawSubmission(random, submissions.length);
      submissions.push(submission);
      await untilAnswered(api, random, submission);
      await sleep(random.below(orders.pauseMaxMs + 1));
    }
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, client));
  // Nobody waits for it before the end; a failure is told there.
  clients.catch(() => undefined);
  return {
    submissions,
    pace(ms) {
      orders.pauseMaxMs = ms;
    },
    async stop() {
      orders.stopped = true;
      await clients;
    },
  };
}

function drawSubmission(random: Random, number: number): Submission {
  return {
    body: drawJob(random),
    key: random.chance(0.85) ? `load-${number}` : null,
    inline: random.chance(0.25),
    ids: new Set(),
    lost: 0,
  };
}

async function untilAnswered(api: Tenant, random: Random, submission: Submission): Promise<void> {
  const { key } = submission;
  for (let tries = 0; ; tries += 1) {
    const twice = key !== null && random.chance(0.1);
    const hangsUp = key !== null && tries === 0 && random.chance(0.2);
    const sent = Array.from({ length: twice ? 2 : 1 }, () =>
      sendOnce(api, submission, hangsUp ? random.below(60) : null),
    );
    const answered = (await Promise.all(sent)).some(Boolean);
    if (key === null) return;
    if (answered && !random.chance(0.1)) return;
    await sleep(REPEAT_AFTER_MS);
  }
}

/** Sends a submit once; true when its answer has come. */
async function sendOnce(
  api: Tenant,
  submission: Submission,
  hangUpAfterMs: number | null,
): Promise<boolean> {
  const { body, key, inline } = submission;
  const headers = {
    ...(key === null ? {} : { 'idempotency-key': key }),
    ...(inline ? { prefer: 'wait=8' } : {}),
  };
  const signal = hangUpAfterMs === null ? {} : { signal: AbortSignal.timeout(hangUpAfterMs) };
  const answer = await api
    .send<JobView>('POST', '/v1/jobs', body, { headers, ...signal })
    .catch(lostUnlessWrong);
  if (answer === null || answer.status >= GATEWAY_STATUS) {
    submission.lost += 1;
    return false;
  }
  expect([200, 201, 202], answer.text).toContain(answer.status);
  submission.ids.add(answer.body.id);
  return true;
}

/** An answer that breaks the contract is wrong; one that did not come is lost. */
function lostUnlessWrong(error: unknown): Answer<JobView> | null {
  if (error instanceof Error && error.name === 'AssertionError') throw error;
  return null;
}
