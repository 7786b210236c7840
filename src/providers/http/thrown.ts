import type { ErrorEvidence } from '../port.ts';

/** Names of our own findings about a reply, in the same evidence as what the runtime throws. */
export const replyTooLarge = 'ReplyTooLarge';
export const streamIncomplete = 'StreamIncomplete';
/** A file that the call names has been deleted since the step began. */
export const mediaGone = 'MediaGone';

const causesMax = 4;

/** What a thrown value says, with its causes: `fetch` hides the reason one level down. */
export function evidenceFromThrown(thrown: unknown, signal: AbortSignal): ErrorEvidence {
  if (signal.aborted) return { kind: 'aborted', by: abortedBy(signal) };
  return {
    kind: 'exception',
    name: thrown instanceof Error ? thrown.name : typeof thrown,
    message: describe(thrown).join(': '),
    sent: true,
  };
}

/** Who cut the call. Only a cancel that says so is one: everything else is a deadline. */
export function abortedBy(signal: AbortSignal): 'deadline' | 'cancel' {
  const reason: unknown = signal.reason;
  const word = reason instanceof Error ? reason.message : reason;
  return word === 'cancel' ? 'cancel' : 'deadline';
}

function describe(thrown: unknown): string[] {
  const texts: string[] = [];
  let current = thrown;
  while (current instanceof Error && texts.length < causesMax) {
    const code = 'code' in current && typeof current.code === 'string' ? ` (${current.code})` : '';
    texts.push(`${current.message}${code}`);
    current = current.cause;
  }
  return texts.length > 0 ? texts : [String(thrown)];
}
