import type { ModelCall } from '../../domain/model/model-call.ts';
import { promptTokensOf } from '../explain/costs/prompt-tokens.ts';

/** What an answer takes of which nobody said how long it may become. */
const ANSWER_TOKENS = 500;

/** What a call may count against a limit on tokens: its text and the longest answer. The gate corrects it afterwards. */
export function estimateTokens(call: ModelCall): number {
  const { estimated } = promptTokensOf(call);
  if (call.kind !== 'chat') return estimated;
  return estimated + (call.parameters.maxOutputTokens ?? ANSWER_TOKENS);
}
