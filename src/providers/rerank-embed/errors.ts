import type { Failure } from '../../domain/job/failure.ts';
import type { ProviderFailureClass } from '../http/failure-sentence.ts';
import { classOfStatus, phaseOfStatus } from '../http/status-class.ts';
import type { ErrorEvidence } from '../port.ts';
import { errorReplyFailure, noReplyFailure, type Asked } from '../shared/failures.ts';
import { saidIn } from '../shared/said.ts';
import type { RetrievalVendor } from './vendor.ts';

/** Where it counts as the input's fault, a sentence is all that tells these apart. */
const statusesOfInput: ReadonlySet<number> = new Set([400, 404, 413, 422]);
const contextWords =
  /too many tokens|context (?:length|window)|max(?:imum)? allowed tokens|tokens? .{0,80}(?:exceed|too long)|exceed.{0,80}tokens?\b|too long/i;
const modelWords =
  /\bmodel\b.{0,120}(?:not (?:found|supported|available|exist)|does not exist|is unknown)|unknown model/i;
/** Money may be missing under any of these. */
const statusesOfMoney: ReadonlySet<number> = new Set([400, 401, 402, 403, 429]);

/** What went wrong, from status, headers and words together. */
export function classify(vendor: RetrievalVendor, asked: Asked, evidence: ErrorEvidence): Failure {
  if (evidence.kind !== 'reply') return noReplyFailure(asked, evidence);
  const { reply } = evidence;
  const said = saidIn(reply);
  const failureClass = classOf(vendor, reply.status, said.message);
  const verdict = { class: failureClass, phase: phaseOfStatus(reply.status) };
  return errorReplyFailure(asked, reply, verdict, said);
}

function classOf(vendor: RetrievalVendor, status: number, words: string): ProviderFailureClass {
  if (statusesOfMoney.has(status) && vendor.billingWords?.test(words) === true) {
    return 'billing_exhausted';
  }
  if (statusesOfInput.has(status)) {
    if (contextWords.test(words)) return 'context_length';
    if (modelWords.test(words)) return 'not_found_model';
  }
  return vendor.classByStatus[status] ?? classOfStatus(status);
}
