import type { JobId } from '../../src/domain/ids.ts';
import type { Listener, Listeners } from '../../src/runtime/job-shard/live/listeners.ts';
import type { LiveFrame, ListenWish } from '../../src/services/ports/live.ts';

/** A shard to which nobody listens. */
export const NOBODY: Listeners = { count: () => 0, ofJob: () => [], ofProject: () => [] };

/** A socket as a shard sees it, with all that was sent over it. */
export class FakeSocket implements Listener {
  readonly wish: ListenWish;
  readonly frames: LiveFrame[] = [];
  open = true;
  onFrame: (frame: LiveFrame) => void = () => {};

  constructor(wish: ListenWish) {
    this.wish = wish;
  }

  send(text: string): void {
    if (!this.open) return;
    const frame = JSON.parse(text) as LiveFrame;
    this.frames.push(frame);
    this.onFrame(frame);
  }

  end(): void {
    this.open = false;
  }
}

/** Sockets that outlive the shard's memory, as hibernating ones do. */
export class FakeListeners implements Listeners {
  #sockets: FakeSocket[] = [];

  add(socket: FakeSocket): void {
    this.#sockets.push(socket);
  }

  #open(): FakeSocket[] {
    this.#sockets = this.#sockets.filter(({ open }) => open);
    return this.#sockets;
  }

  count(): number {
    return this.#open().length;
  }

  ofJob(jobId: JobId): FakeSocket[] {
    return this.#open().filter(({ wish }) => wish.kind === 'job' && wish.jobId === jobId);
  }

  ofProject(): FakeSocket[] {
    return this.#open().filter(({ wish }) => wish.kind === 'project');
  }
}
