/** Says that a wait may end before its time. An `AbortSignal` says it too. */
export type StopSignal = {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
};

export type Stop = { readonly signal: StopSignal; stop(): void };

/**
 * Ends waits of our own. The runtime's `AbortController` makes three native objects and, when it aborts, an error with its
 * stack, which several times in each model call is too much; what goes to `fetch` needs it.
 */
export function makeStop(): Stop {
  const listeners = new Set<() => void>();
  const signal = {
    aborted: false,
    addEventListener: (_type: 'abort', listener: () => void) => void listeners.add(listener),
    removeEventListener: (_type: 'abort', listener: () => void) => void listeners.delete(listener),
  };
  return {
    signal,
    stop() {
      signal.aborted = true;
      for (const listener of listeners) listener();
      listeners.clear();
    },
  };
}
