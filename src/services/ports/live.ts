import type { JobId, ProjectId } from '../../domain/ids.ts';
import type { EventView } from '../views/jobs/event-view.ts';

/**
 * How events reach those who listen while they happen. A listener holds a socket to the shard of its job, or to all
 * shards of its project; a shard that has nothing to tell sleeps, and its sockets with it.
 */
export type LiveShards = {
  /** How many shards of a project may hold jobs. */
  readonly count: number;
  /** Opens a socket to a shard. Rejects when there is none to be had; `heard.ended` is called once for one that was opened. */
  listen(project: ProjectId, shard: number, wish: ListenWish, heard: Heard): Promise<Channel>;
  /** Passes a piece of streamed text on to those who listen. */
  tell(project: ProjectId, request: DeltaRequest): Promise<DeltaAnswer>;
};

/** What a listener wants to hear; told once, and kept with its socket. */
export type ListenWish =
  | { readonly kind: 'job'; readonly jobId: JobId; readonly afterSeq: number }
  | { readonly kind: 'project'; readonly filter: EventFilter };

/** Which events of a project; null for all. */
export type EventFilter = {
  /** Types, and groups such as `job.*`. */
  readonly types: readonly string[] | null;
  readonly pipeline: string | null;
  readonly tag: string | null;
};

export type Heard = {
  frame(frame: LiveFrame): void;
  /** The shard's runtime has answered a `ping`, without waking the shard. */
  pong(): void;
  ended(): void;
};

export type Channel = { close(): void; ping(): void };

/** What a shard tells a listener, as JSON over the socket. Code of the release before may be on the other side. */
export type LiveFrame =
  /** In their order, without gaps for a job's listener. `over`: its job is, and nothing follows. */
  | { readonly kind: 'events'; readonly events: readonly EventView[]; readonly over: boolean }
  | { readonly kind: 'delta'; readonly delta: DeltaView }
  /** There is more history than is sent at once: it has to be read first. */
  | { readonly kind: 'behind' };

/** A piece of the text that an attempt streams. */
export type DeltaRequest = {
  readonly jobId: JobId;
  readonly step: string;
  readonly item: number | null;
  readonly attempt: number;
  /** Counted from 0 over the attempt's pieces. */
  readonly index: number;
  /** Empty to only ask whether anybody listens. */
  readonly text: string;
};

export type DeltaAnswer = { readonly listening: boolean };

/** A piece as listeners see it. */
type DeltaView = {
  readonly job_id: string;
  readonly step: string;
  readonly item?: number;
  readonly attempt: number;
  readonly index: number;
  readonly text: string;
};
