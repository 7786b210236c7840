import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 40;

/** Asks again until there is an answer, and says what it waited for when none comes in time. */
export async function until<Value>(
  what: string,
  probe: () => Promise<Value | null | false> | Value | null | false,
  withinMs = 30_000,
): Promise<Value> {
  const giveUpAtMs = Date.now() + withinMs;
  for (;;) {
    const value = await probe();
    if (value !== null && value !== false) return value;
    if (Date.now() >= giveUpAtMs) throw new Error(`not within ${withinMs / 1_000} s: ${what}`);
    await sleep(PAUSE_MS);
  }
}
