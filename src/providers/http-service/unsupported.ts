import type { ChatCall, ModelCall } from '../../domain/model/model-call.ts';
import { snakeCase } from '../../domain/wire.ts';
import type { KindSettings } from './settings/schema.ts';

/** What the caller does not choose, or what is done with the answer afterwards. */
const always: ReadonlySet<string> = new Set([
  'kind',
  'model',
  'execution',
  'options',
  'messages',
  'parameters',
  'tools',
  'toolChoice',
  'output',
  'count',
  'topN',
  'maxSentences',
]);

/** The fields of a call for which the service's request has no place. */
export function unsupportedFields(
  call: ModelCall,
  { told, submit }: KindSettings,
): readonly string[] {
  const optional = Object.entries(call).flatMap(([name, value]) =>
    always.has(name) || isNothing(value) || told.has(snakeCase(name)) ? [] : [name],
  );
  const takesOptions = submit.body.kind !== 'file';
  return [
    ...optional,
    ...(call.options === undefined || takesOptions ? [] : ['options']),
    ...(call.kind === 'chat' ? beyondChat(call, told) : []),
    ...(call.kind === 'image' && call.count > 1 && !told.has('count') ? ['count'] : []),
  ];
}

/** An empty list of labels or images asks for nothing. */
function isNothing(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0);
}

function beyondChat(call: ChatCall, told: ReadonlySet<string>): readonly string[] {
  const { parameters, output, tools = [], toolChoice, messages } = call;
  const untold = Object.entries(parameters).flatMap(([name, value]) => {
    const isTold = told.has('parameters') || told.has(`parameters.${snakeCase(name)}`);
    return value === undefined || isTold ? [] : [name];
  });
  const parts = messages.flatMap(({ content }) =>
    typeof content === 'string' ? [] : content.map(({ type }) => type),
  );
  const hasToolTalk = messages.some(
    (message) => message.role === 'tool' || (message.toolCalls ?? []).length > 0,
  );
  return [
    ...untold,
    ...(output.kind === 'json' && !told.has('output') ? ['output'] : []),
    ...(tools.length > 0 ? ['tools'] : []),
    ...(toolChoice === undefined ? [] : ['toolChoice']),
    ...(hasToolTalk ? ['toolCalls'] : []),
    ...new Set(parts.filter((type) => type !== 'text')),
  ];
}
