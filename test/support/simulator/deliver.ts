import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

import type { OpenEntry } from './journal.ts';
import type { Answer, Fault } from './types.ts';

/** Sends an answer in the way the fault asks for. Resolves when the simulator has no more to do. */
export async function deliver(
  response: ServerResponse,
  answer: Answer,
  fault: Fault,
  entry: OpenEntry,
): Promise<void> {
  entry.paid = answer.paid;
  if (fault.hang === 'after_request') return;
  if (fault.drop === 'after_request') return breakOff(response, entry);

  const sent = fault.malformed === undefined ? answer : spoil(answer, fault.malformed);
  entry.status = sent.status;
  response.statusCode = sent.status;
  response.setHeader('content-type', sent.contentType);
  for (const [name, value] of Object.entries(sent.headers)) response.setHeader(name, value);

  if (fault.drop === 'mid_body') return sendHalf(response, sent, entry);
  if (fault.slow_body !== undefined) return dribble(response, sent, fault.slow_body);
  const text = sent.pieces.join('');
  response.setHeader('content-length', Buffer.byteLength(text));
  response.end(text);
}

/** Closes the connection under the client, without a word. */
export function breakOff(response: ServerResponse, entry: OpenEntry): void {
  entry.ended = 'dropped';
  response.destroy();
}

async function sendHalf(response: ServerResponse, answer: Answer, entry: OpenEntry): Promise<void> {
  const text = answer.pieces.join('');
  await new Promise<void>((resolve) => {
    response.write(text.slice(0, Math.ceil(text.length / 2)), () => resolve());
  });
  // A moment, so that the half is read before the reset overtakes it.
  await pause(5);
  breakOff(response, entry);
}

async function dribble(
  response: ServerResponse,
  answer: Answer,
  slow: NonNullable<Fault['slow_body']>,
): Promise<void> {
  response.flushHeaders();
  for (const piece of inChunks(answer.pieces, slow.chunks)) {
    await pause(slow.delay_ms);
    if (response.destroyed) return;
    response.write(piece);
  }
  response.end();
}

/** A stream keeps its pieces; a single text is cut into as many as wanted. */
function inChunks(pieces: readonly string[], wanted: number): readonly string[] {
  const [only = '', ...others] = pieces;
  if (others.length > 0) return pieces;
  const size = Math.max(1, Math.ceil(only.length / Math.max(1, wanted)));
  const count = Math.ceil(only.length / size);
  return Array.from({ length: count }, (_, index) => only.slice(index * size, (index + 1) * size));
}

function spoil(answer: Answer, how: NonNullable<Fault['malformed']>): Answer {
  const text = answer.pieces.join('');
  const half = text.slice(0, Math.ceil(text.length / 2));
  if (how === 'truncated') return { ...answer, pieces: [half] };
  const invalid = answer.contentType.startsWith('text/event-stream')
    ? [answer.pieces[0] ?? '', 'data: {"id": oops}\n\n', ...answer.pieces.slice(1)]
    : ['{"id": oops}'];
  return { ...answer, pieces: invalid };
}
