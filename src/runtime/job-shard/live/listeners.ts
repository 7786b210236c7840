import type { JobId } from '../../../domain/ids.ts';
import type { ListenWish } from '../../../services/ports/live.ts';

/** Somebody who hears of events as they are committed. In production a socket, in tests a list. */
export type Listener = {
  readonly wish: ListenWish;
  /** Never throws: one that is gone hears nothing. */
  send(text: string): void;
  end(): void;
};

/** Those who listen to a shard. They outlive the shard's memory. */
export type Listeners = {
  count(): number;
  ofJob(jobId: JobId): readonly Listener[];
  ofProject(): readonly Listener[];
};

/** What a shard remembers of its listeners. */
export type LiveMemory = {
  /** Whether anybody listens; null when that has to be asked. True may be out of date, false is not. */
  heard: boolean | null;
  /** Jobs with events to tell, each with the number of the event before them. */
  readonly toTell: Map<JobId, number>;
  flushing: boolean;
};

export function freshLiveMemory(): LiveMemory {
  return { heard: null, toTell: new Map(), flushing: false };
}
