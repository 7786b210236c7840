import { errorName, framesOf } from '../../services/ports/log.ts';
import { runTurn } from '../../services/run/turn/run-turn.ts';
import type { TurnDeps } from '../../services/run/turn/turn.ts';
import { makeSlots } from '../../services/run/turn/slots.ts';
import { shardOf } from '../../domain/ids.ts';
import { wakeMessage, type WakeMessage } from '../messages.ts';
import { besideOthers } from './side-by-side.ts';

/** A consumer lives 15 minutes; work that could last longer than this is left to the next one. */
const LIFE_MS = 14 * 60_000;
/** Connections that may wait for headers at once in one invocation. */
const CONNECTIONS = 6;
/** Turns that one invocation takes at a time; the rest of the batch waits its turn. */
const TURNS_MAX = 32;

export type WakeDeps = Omit<TurnDeps, 'shard' | 'calls'>;

/**
 * Takes wake hints: each is a job that has work. All turns of a batch share the connections that an invocation
 * has. A message is done when its turn is; a failed turn is only a lost hint, which the shard repeats.
 */
export async function consumeWakes(
  deps: WakeDeps,
  batch: Pick<MessageBatch, 'queue' | 'messages'>,
): Promise<void> {
  const calls = makeSlots(CONNECTIONS);
  const untilMs = deps.machine.nowMs() + LIFE_MS;
  const waiting = [...batch.messages];
  const lane = async (): Promise<void> => {
    for (let message = waiting.shift(); message !== undefined; message = waiting.shift()) {
      tellTaken(deps, batch.queue, message);
      await takeMessage(deps, message, { calls, untilMs });
    }
  };
  await Promise.all(Array.from({ length: Math.min(TURNS_MAX, waiting.length) }, lane));
}

/** For the local runtime: no job waits for its neighbours. */
export function consumeSideBySide(
  deps: WakeDeps,
  batch: MessageBatch,
  background: Pick<ExecutionContext, 'waitUntil'>,
): Promise<void> {
  const { queue, messages } = batch;
  return besideOthers(batch, background, async () => {
    const parts = asDeployed(messages);
    await Promise.all(parts.map((part) => consumeWakes(deps, { queue, messages: part })));
  });
}

/** Messages in a batch when deployed; each batch is an invocation there, with connections of its own. */
const DEPLOYED_BATCH = 5;

function asDeployed(messages: readonly Message[]): Message[][] {
  const count = Math.ceil(messages.length / DEPLOYED_BATCH);
  return Array.from({ length: count }, (_, index) =>
    messages.slice(index * DEPLOYED_BATCH, (index + 1) * DEPLOYED_BATCH),
  );
}

/** A job's way through the queue: what it waited there, and whether the hint came more than once. */
function tellTaken({ log, machine }: WakeDeps, queue: string, message: Message): void {
  const parsed = wakeMessage.safeParse(message.body);
  if (!parsed.success) return;
  const { job_id, project } = parsed.data;
  const queueMs = Math.max(0, machine.nowMs() - message.timestamp.getTime());
  const fields = { job_id, project, queue, delivery: message.attempts, queue_ms: queueMs };
  log('info', 'wake.taken', fields);
}

type Shared = { readonly calls: TurnDeps['calls']; readonly untilMs: number };

async function takeMessage(deps: WakeDeps, message: Message, shared: Shared): Promise<void> {
  const parsed = wakeMessage.safeParse(message.body);
  if (!parsed.success) {
    deps.log('error', 'wake.unreadable', { message_id: message.id });
    message.retry();
    return;
  }
  try {
    await takeTurn(deps, parsed.data, shared);
  } catch (error) {
    deps.log('error', 'wake.turn_failed', {
      job_id: parsed.data.job_id,
      error: errorName(error),
      stack: framesOf(error),
    });
  }
  message.ack();
}

async function takeTurn(
  deps: WakeDeps,
  { project, job_id: jobId }: WakeMessage,
  { calls, untilMs }: Shared,
): Promise<void> {
  const shard = deps.shards.of(project, shardOf(jobId));
  await runTurn(
    { ...deps, shard, calls },
    { jobId, hinted: true, untilMs, claimUntilMs: untilMs, first: null },
  );
}
