import { isTerminal } from '../../../domain/job/job.ts';
import type { ListenWish } from '../../../services/ports/live.ts';
import type { ShardContext } from '../context.ts';
import { loadState } from '../tables/jobs.ts';
import type { Listener } from './listeners.ts';
import { framesOf, frameText, sendAll, tellListeners, viewsAfter } from './tell.ts';

/** The platform holds 32,768 sockets an object. */
const LISTENERS_MAX = 20_000;
/** What a new listener is told of at once; who lacks more reads it by pages, as fast as it can take it. */
const BACKLOG_MAX = 1_000;

export type Admission = 'welcome' | 'gone' | 'full';

/**
 * Whether one more may listen. What is noted for those who listen already leaves first: the new one is told of it by
 * `welcome`, which has to follow in the same synchronous run.
 */
export function mayListen(context: ShardContext, wish: ListenWish): Admission {
  const { ports } = context;
  tellListeners(context);
  if (ports.listeners.count() >= LISTENERS_MAX) return 'full';
  return wish.kind === 'job' && loadState(ports.sql, wish.jobId) === null ? 'gone' : 'welcome';
}

/** Tells a listener what it lacks. What is committed from now on it hears as it happens: no gap, and nothing twice. */
export function welcome({ memory, ports }: ShardContext, listener: Listener): void {
  const { wish } = listener;
  memory.live.heard = true;
  if (wish.kind !== 'job') return;
  const state = loadState(ports.sql, wish.jobId);
  if (state === null) return listener.end();
  const views = viewsAfter(ports.sql, state, wish.afterSeq, BACKLOG_MAX + 1);
  if (views.length > BACKLOG_MAX) {
    sendAll(listener, [frameText({ kind: 'behind' })], true);
    return;
  }
  const over = isTerminal(state.status);
  sendAll(listener, framesOf(views, over), over);
}

/** A listener has gone: whether there are others is asked again. */
export function left({ memory }: ShardContext): void {
  memory.live.heard = null;
}
