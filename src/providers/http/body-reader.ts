/** The next piece of a reply's body, or how it ended. */
type NextBytes =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'broken'; readonly thrown: unknown };

export type BodyReader = {
  /** Never rejects. */
  next(): Promise<NextBytes>;
  /** Gives up the rest, so that the connection is free. */
  discard(): void;
};

/**
 * Reads a body within a bound. An abort ends the reading even where the runtime's own stream would not
 * notice it.
 */
export function openBody(response: Response, bytesMax: number, signal: AbortSignal): BodyReader {
  const stream = response.body;
  if (stream === null) return { next: async () => ({ kind: 'end' }), discard: () => undefined };

  const reader = stream.getReader();
  let bytesRead = 0;
  // A cancel of a broken stream rejects with the stream's own error, which `next` has reported by then.
  const discard = (): void => void reader.cancel().catch(() => undefined);
  signal.addEventListener('abort', discard, { once: true });

  async function next(): Promise<NextBytes> {
    try {
      const { done, value } = await reader.read();
      if (signal.aborted) return { kind: 'broken', thrown: signal.reason };
      if (done) return finish({ kind: 'end' });
      const bytes: Uint8Array = value;
      bytesRead += bytes.byteLength;
      if (bytesRead <= bytesMax) return { kind: 'bytes', bytes };
      discard();
      return finish({ kind: 'too_large' });
    } catch (thrown) {
      return finish({ kind: 'broken', thrown });
    }
  }

  function finish(last: NextBytes): NextBytes {
    signal.removeEventListener('abort', discard);
    return last;
  }

  return { next, discard };
}
