/** What one reads who listens: an event, or something said of the stream itself. */
export type LiveMessage = {
  readonly event: string;
  /** Where a resumed stream goes on; absent on what is not part of a history. */
  readonly id?: string;
  readonly data: unknown;
};

/** The way to somebody who listens. */
export type Outlet = {
  /** Aborted once nobody reads any more: the client is gone or too slow, or the stream's time is over. */
  readonly signal: AbortSignal;
  send(message: LiveMessage): void;
  /** Resolves once there is room for more, or nobody reads any more. */
  room(): Promise<void>;
};
