/** Batches that this isolate works on beyond those that the local queue knows of, for each queue. */
const SIDE_BY_SIDE_MAX = 100;
const sideBySide = new Map<string, number>();

/**
 * For the local runtime, which gives out a batch only when the one before is done: this one counts as done at once
 * and goes on in the background, so that nothing waits for its neighbours.
 */
export async function besideOthers(
  batch: Pick<MessageBatch, 'queue' | 'ackAll'>,
  background: Pick<ExecutionContext, 'waitUntil'>,
  work: () => Promise<void>,
): Promise<void> {
  const { queue } = batch;
  const count = (sideBySide.get(queue) ?? 0) + 1;
  sideBySide.set(queue, count);
  const working = work().finally(() => sideBySide.set(queue, (sideBySide.get(queue) ?? 1) - 1));
  if (count > SIDE_BY_SIDE_MAX) return working;
  batch.ackAll();
  background.waitUntil(working);
}
