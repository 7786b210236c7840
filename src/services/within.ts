import type { Machine } from './ports/runtime.ts';
import { makeStop } from './stop.ts';

/** What a promise gives, or null when it takes longer. */
export async function within<Value>(
  machine: Pick<Machine, 'wait'>,
  ms: number,
  promise: Promise<Value>,
): Promise<Value | null> {
  const timer = makeStop();
  try {
    return await Promise.race([promise, machine.wait(ms, timer.signal).then(() => null)]);
  } finally {
    timer.stop();
  }
}
