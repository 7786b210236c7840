import { setTimeout as sleep } from 'node:timers/promises';

import type { Random } from '../../simulation/world/random.ts';
import type { Tenant } from '../support/api.ts';
import type { OwnServer } from '../support/own-server.ts';
import { until } from '../support/until.ts';
import { listAll } from './histories.ts';
import type { Load } from './load.ts';
import type { Round } from './report.ts';

/** The longest time from a restart to the end of all jobs that were open when the server was killed. */
export const RECOVERY_MS = 120_000;
/** Rounds enough for a third of them to wait for the recovery; fewer all kill into the one before. */
const MANY = 10;
const PAUSE_MAX_MS = { busy: 400, waiting: 4_000 };
const OPEN = '&status=queued,running,waiting,paused,cancelling';

/** Whether a round waits for the end of its jobs before the next kill. */
function waits(round: number, rounds: number): boolean {
  return rounds > MANY && round % 3 === 2;
}

type Crash = {
  readonly server: OwnServer;
  readonly api: Tenant;
  readonly load: Load;
  readonly random: Random;
};

/**
 * Kills the server so many times at moments that nobody knows, one in five of them within its first moments, and
 * starts it again on the same state. `before` is called before each kill.
 */
export async function crashRounds(
  { server, api, load, random }: Crash,
  rounds: number,
  before: (round: number) => Promise<void>,
): Promise<Round[]> {
  const done: Round[] = [];
  for (let round = 0; round < rounds; round += 1) {
    load.pace(PAUSE_MAX_MS.busy);
    await sleep(random.chance(0.2) ? random.below(200) : 200 + random.below(2_000));
    await before(round);
    const killedAtMs = Date.now();
    server.crash();
    await server.restart();
    done.push({ killedAtMs, readyAtMs: Date.now() });
    if (waits(round, rounds)) {
      load.pace(PAUSE_MAX_MS.waiting);
      await until('the jobs of a kill to be over', () => isOver(api, killedAtMs), RECOVERY_MS);
    }
  }
  return done;
}

/** True when the list shows no open job from before a moment. */
async function isOver(api: Tenant, beforeMs: number): Promise<boolean> {
  await sleep(400);
  const open = await listAll(api, OPEN);
  return open.every(({ created_at: from }) => Date.parse(from) >= beforeMs);
}
