/** What a `wait` step waits for. */
export type Wait =
  | { readonly kind: 'timer'; readonly untilAtMs: number }
  | { readonly kind: 'event'; readonly name: string };
