import type { Failure, FailurePhase } from '../../domain/job/failure.ts';
import type { Json } from '../../domain/json.ts';
import type { ProviderFailureClass } from '../http/failure-sentence.ts';
import { classOfStatus, phaseOfStatus } from '../http/status-class.ts';
import type { ErrorEvidence, WireReply } from '../port.ts';
import { errorReplyFailure, noReplyFailure, type Asked, type Said } from '../shared/failures.ts';
import { saidIn, wordsIn } from '../shared/said.ts';
import { maybeAt, valueAt } from './path.ts';
import type { Condition } from './settings/parts.ts';
import type { KindSettings } from './settings/schema.ts';

type ErrorSettings = KindSettings['error'];

/** Classes that say of themselves whether the service had worked. */
const phaseOfClass: Readonly<Partial<Record<ProviderFailureClass, FailurePhase>>> = {
  content_blocked_output: 'finished',
  output_invalid: 'finished',
  provider_internal: 'unknown',
  overloaded: 'unknown',
  timeout: 'unknown',
};

/** What went wrong: the service's own code where the settings know it, else the status. */
export function classify(
  settings: ErrorSettings | null,
  asked: Asked,
  evidence: ErrorEvidence,
): Failure {
  if (evidence.kind !== 'reply') return noReplyFailure(asked, evidence);
  const { reply } = evidence;
  const said = saidBy(settings, reply);
  const named = classNamed(settings, said.code);
  const verdict =
    reply.status >= 300
      ? { class: named ?? classOfStatus(reply.status), phase: phaseOfStatus(reply.status) }
      : insideSuccess(named ?? 'provider_internal');
  return errorReplyFailure(asked, reply, verdict, said);
}

/** The work was taken and has failed; the settings say what the service's code means. */
export function workFailed(settings: ErrorSettings, asked: Asked, reply: WireReply): Failure {
  const said = saidBy(settings, reply);
  const failureClass = classNamed(settings, said.code) ?? 'provider_internal';
  return errorReplyFailure(asked, reply, { class: failureClass, phase: 'accepted' }, said);
}

function insideSuccess(failureClass: ProviderFailureClass) {
  return { class: failureClass, phase: phaseOfClass[failureClass] ?? 'rejected' };
}

function classNamed(
  settings: ErrorSettings | null,
  code: string | null,
): ProviderFailureClass | null {
  const { classes = {} } = settings ?? {};
  return code !== null && Object.hasOwn(classes, code) ? (classes[code] ?? null) : null;
}

function saidBy(settings: ErrorSettings | null, reply: WireReply): Said {
  const usual = saidIn(reply);
  const message = maybeAt(reply.body, settings?.message);
  const code = maybeAt(reply.body, settings?.code);
  return {
    ...usual,
    message: message === undefined ? usual.message : wordsIn(message),
    code: typeof code === 'string' || typeof code === 'number' ? String(code) : usual.code,
  };
}

export function holds(condition: Condition | null | undefined, body: Json): boolean {
  if (condition === null || condition === undefined) return false;
  const value = valueAt(body, condition.path);
  return condition.in.some((wanted) => wanted === value);
}
