import type { FailureClass, FailurePhase } from '../../../src/domain/job/failure.ts';
import type { JsonObject } from '../../../src/domain/json.ts';
import type { RuleInput } from '../../support/simulator/types.ts';

/**
 * How the first target is asked: `sync` is a chat in one exchange; `background` has a queue that cannot be asked about
 * a lost submit (OpenAI's Responses); `queue` one that can (Replicate's list of predictions). Vendors with formats of
 * their own stand under the way that they are asked.
 */
export type Mode = 'sync' | 'background' | 'queue';

export type Ask = 'chat' | 'image' | 'rerank' | 'transcribe';

/** What follows the failure. */
export type Decision =
  | 'retry'
  | 'fallback'
  | 'stop'
  /** The model is shown its mistake. */
  | 're-ask'
  /** No attempt ends: the provider is asked again how far it is. */
  | 'ask again'
  /** The provider was asked: it works on the lost submit, whose result is waited for. */
  | 'adopt'
  /** The provider was asked, and has not got it: sent again. */
  | 'resubmit';

/** What has to happen, and what it has to cost. */
export type Expected = {
  readonly decision: Decision;
  /** Calls that the first target's model got, and those of them that a provider would bill. */
  readonly calls: number;
  readonly paid: number;
  /** The same of the second target, which always answers well. */
  readonly next?: number;
  /** Attempts whose event says that the next call may pay for the same work again. */
  readonly marked?: number;
};

/** One failure of the first target, alone and with another one behind it. */
export type FaultCase = {
  readonly name: string;
  readonly mode: Mode;
  readonly class: FailureClass;
  readonly phase: FailurePhase;
  /** What goes wrong with the first call to the first target; once unless `always`. */
  readonly fault: RuleInput;
  readonly always?: boolean;
  /** What goes wrong with questions about the work. They name no model, so cases with these run one after the other. */
  readonly questions?: RuleInput;
  /** Further fields of the step. */
  readonly step?: JsonObject;
  /** Who is asked first, in the place of the mode's usual provider, and who next. */
  readonly provider?: string;
  readonly nextProvider?: string;
  /** What is asked, in the place of the mode's usual question. */
  readonly ask?: Ask;
  readonly alone: Expected;
  readonly withNext: Expected;
};

/** A route of one target where the same call goes out again at once, and one of two where the other takes over. */
type Usual = Pick<FaultCase, 'alone' | 'withNext'>;

/** Passes by itself, and nothing was paid for the failed call. */
export const passing: Usual = {
  alone: { decision: 'retry', calls: 2, paid: 1 },
  withNext: { decision: 'fallback', calls: 1, paid: 0, next: 1 },
};

/** Nobody knows whether it was paid for; it was not. */
export const unclear: Usual = {
  alone: { decision: 'retry', calls: 2, paid: 1, marked: 1 },
  withNext: { decision: 'fallback', calls: 1, paid: 0, next: 1, marked: 1 },
};

/** Nobody knows whether it was paid for; it was. */
export const unclearPaid: Usual = {
  alone: { decision: 'retry', calls: 2, paid: 2, marked: 1 },
  withNext: { decision: 'fallback', calls: 1, paid: 1, next: 1, marked: 1 },
};

/** The same target would refuse again; another one may not. */
export const refused: Usual = {
  alone: { decision: 'stop', calls: 1, paid: 0 },
  withNext: { decision: 'fallback', calls: 1, paid: 0, next: 1 },
};

/** Every target would refuse, or none may be asked behind the first one's back. */
export const final: Usual = {
  alone: { decision: 'stop', calls: 1, paid: 0 },
  withNext: { decision: 'stop', calls: 1, paid: 0 },
};
