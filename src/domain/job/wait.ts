/** The name of an event that a job may wait for. */
export const EVENT_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;

/** What a `wait` step waits for. */
export type Wait =
  | { readonly kind: 'timer'; readonly untilAtMs: number }
  | { readonly kind: 'event'; readonly name: string };
