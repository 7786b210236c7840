/** A whole reply of success on its way to an outcome: the ends that are the same for every provider. */
import type { JsonObject } from '../../domain/json.ts';
import type { ModelCall, ModelResult, Spent } from '../../domain/model/model-call.ts';
import type { ProviderFailureClass } from '../http/failure-sentence.ts';
import type { CallOutcome, WireReply } from '../port.ts';
import { finishedFailure, unreadableFailure, type Asked } from './failures.ts';

export type ReplyReading = {
  readonly asked: Asked;
  readonly reply: WireReply;
  /** The reply's body; empty when it is no object. */
  readonly body: JsonObject;
  readonly call: ModelCall;
  readonly spent: Spent;
};

export function readDone({ spent }: ReplyReading, result: ModelResult): CallOutcome {
  return { kind: 'done', reply: { ...spent, result } };
}

/** The work was done, and charged, but there is no result to use. */
export function readBad(
  { asked, reply, spent }: ReplyReading,
  failureClass: ProviderFailureClass,
  code: string,
  words: string | null = null,
): CallOutcome {
  const failure = finishedFailure(asked, reply, failureClass, { code, words });
  return { kind: 'failed', failure, spent };
}

/** A success that cannot be read; what it says of its usage counts. */
export function readNothing(reading: ReplyReading): CallOutcome {
  const { asked, reply, spent } = reading;
  return { kind: 'failed', failure: unreadableFailure(asked, reply), ...saidSpent(spent) };
}

/** What was spent on a failure, where the reply says so. */
export function saidSpent(spent: Spent): { readonly spent?: Spent } {
  return Object.keys(spent.usage).length === 0 ? {} : { spent };
}
