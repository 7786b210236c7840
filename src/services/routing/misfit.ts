import { MISFIT, type Failure } from '../../domain/job/failure.ts';
import type { InputKind, ModelCapabilities } from '../../domain/model/model-capabilities.ts';
import type { ChatCall, ModelCall } from '../../domain/model/model-call.ts';
import { snakeCase } from '../../domain/wire.ts';
import { fewestTokensOf } from './fewest-tokens.ts';

/**
 * Why a model cannot serve a call, or null when it can as far as anybody knows. The failure is the one that its provider
 * would answer with, found without asking it.
 */
export function misfitOf(call: ModelCall, known: ModelCapabilities | null): Failure | null {
  if (known === null || call.kind !== 'chat') return null;
  const wrong =
    tooLong(call, known) ?? unknownInput(call, known) ?? lacks(call, known) ?? refused(call, known);
  return wrong === null
    ? null
    : {
        ...wrong,
        phase: 'not_sent',
        code: MISFIT,
        message: `${call.model} ${wrong.message}`,
      };
}

type Wrong = Pick<Failure, 'class' | 'message'>;

function tooLong(
  call: ChatCall,
  { contextTokens, outputTokensMax }: ModelCapabilities,
): Wrong | null {
  const answer = call.parameters.maxOutputTokens ?? 0;
  if (outputTokensMax !== undefined && answer > outputTokensMax) {
    const message = `answers with ${outputTokensMax} tokens at most, and \`max_output_tokens\` is ${answer}`;
    return { class: 'unsupported_parameter', message };
  }
  const prompt = contextTokens === undefined ? 0 : fewestTokensOf(call);
  if (contextTokens === undefined || prompt <= contextTokens) return null;
  const message = `takes ${contextTokens} tokens, and the prompt has ${prompt} or more`;
  return { class: 'context_length', message };
}

function unknownInput({ messages }: ChatCall, { inputs }: ModelCapabilities): Wrong | null {
  if (inputs === undefined) return null;
  const kinds = messages.flatMap(({ content }): readonly InputKind[] =>
    typeof content === 'string' ? [] : content.map(({ type }) => type),
  );
  const unknown = kinds.find((kind) => !inputs.includes(kind));
  if (unknown === undefined) return null;
  const message = `takes no ${unknown} in messages, only ${inputs.join(', ')}`;
  return { class: 'unsupported_parameter', message };
}

function lacks({ output, tools }: ChatCall, known: ModelCapabilities): Wrong | null {
  if (known.jsonSchema === false && output.kind === 'json') {
    return { class: 'unsupported_parameter', message: 'cannot be held to a JSON Schema' };
  }
  if (known.tools !== false || tools === undefined || tools.length === 0) return null;
  return { class: 'unsupported_parameter', message: 'calls no tools' };
}

function refused({ parameters }: ChatCall, { refuses = [] }: ModelCapabilities): Wrong | null {
  const name = refuses.find((each) => isSet(each, parameters));
  if (name === undefined) return null;
  return { class: 'unsupported_parameter', message: `does not take \`${snakeCase(name)}\`` };
}

/** A reasoning model takes the temperature that it has anyway. */
function isSet(
  name: NonNullable<ModelCapabilities['refuses']>[number],
  parameters: ChatCall['parameters'],
): boolean {
  const value = parameters[name];
  return value !== undefined && !(name === 'temperature' && value === 1);
}

/** What of a call a model is known to refuse and can do without, by field name. */
export function refusedParameters(
  call: ModelCall,
  known: ModelCapabilities | null,
): readonly string[] {
  if (known === null || call.kind !== 'chat') return [];
  return (known.refuses ?? []).filter((name) => isSet(name, call.parameters));
}
