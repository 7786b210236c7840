import type { Failure, Outcome } from '../../../domain/job/failure.ts';
import type { ChatCall, ModelCall, ModelKind } from '../../../domain/model/model-call.ts';
import { snakeCase } from '../../../domain/wire.ts';
import type { ProviderAdapter } from '../../../providers/port.ts';

export type FittedCall = {
  readonly call: ModelCall;
  /** What the provider is not told, by the names that pipelines use. */
  readonly dropped: readonly string[];
};

/**
 * Fields that say how, not what: a call without one still asks for the same thing. Messages, texts and files are never
 * left out.
 */
const DROPPABLE = {
  chat: [
    'temperature',
    'topP',
    'maxOutputTokens',
    'seed',
    'stop',
    'reasoningEffort',
    'tools',
    'toolChoice',
    'output',
  ],
  embed: ['dimensions', 'inputType'],
  classify: [],
  rerank: [],
  summarize: [],
  image: ['count', 'size', 'format', 'quality', 'seed', 'negativePrompt'],
  transcribe: ['language', 'prompt', 'timestamps', 'diarize'],
  moderate: [],
} as const satisfies Record<ModelKind, readonly string[]>;

/** Makes a call one that its provider can be told, where the route lets what it cannot be told be left out. */
export function fitCall(
  adapter: ProviderAdapter,
  call: ModelCall,
  dropsUnsupported: boolean,
  refusedByModel: readonly string[] = [],
): Outcome<FittedCall> {
  const unknown = unknownExecution(adapter, call);
  if (unknown !== null) return unknown;
  const missing = whatIsMissing(adapter, call, dropsUnsupported ? refusedByModel : []);
  if (missing.length === 0) return { ok: true, value: { call, dropped: [] } };
  const droppable: readonly string[] = DROPPABLE[call.kind];
  const firm = missing.filter((name) => !droppable.includes(name));
  if (firm.length > 0) return cannotBeTold(adapter, call, firm, 'firm');
  if (!dropsUnsupported) return cannotBeTold(adapter, call, missing, 'droppable');
  const fitted = without(call, missing);
  const left = adapter.unsupported?.(fitted) ?? [];
  if (left.length > 0) return cannotBeTold(adapter, call, left, 'firm');
  return { ok: true, value: { call: fitted, dropped: missing.map(snakeCase) } };
}

/** Without leave to drop it, a call that only its model refuses is for another target. */
function whatIsMissing(
  adapter: ProviderAdapter,
  call: ModelCall,
  refusedByModel: readonly string[],
): readonly string[] {
  return [...new Set([...(adapter.unsupported?.(call) ?? []), ...refusedByModel])];
}

function unknownExecution(
  { id, capabilities: { kinds, executions } }: ProviderAdapter,
  { kind, execution }: ModelCall,
): Outcome<never> | null {
  const known = executions?.[kind] ?? ['sync'];
  if (execution === undefined || !kinds.includes(kind) || known.includes(execution)) return null;
  return refused(
    `${id} cannot run a call of the kind ${kind} as \`${execution}\`, only as ${known.join(' or ')}: change the target's \`execution\`, or choose another target`,
  );
}

function cannotBeTold(
  { id }: ProviderAdapter,
  { model }: ModelCall,
  names: readonly string[],
  sort: 'firm' | 'droppable',
): Outcome<never> {
  const list = names.map((name) => `\`${snakeCase(name)}\``).join(', ');
  const way =
    sort === 'firm'
      ? 'Choose another target, or leave it out of the step'
      : 'Set `drop_unsupported: true` in the route to leave it out, or choose another target';
  return refused(`${id}/${model} cannot be told ${list}. ${way}`);
}

function refused(message: string): { readonly ok: false; readonly failure: Failure } {
  const code = 'unsupported_parameter';
  return {
    ok: false,
    failure: { class: 'unsupported_parameter', phase: 'not_sent', message, code },
  };
}

function without(call: ModelCall, names: readonly string[]): ModelCall {
  const gone = new Set(names.includes('tools') ? [...names, 'toolChoice'] : names);
  if (call.kind === 'chat') {
    const parameters = pick(call.parameters, gone);
    const output: ChatCall['output'] = gone.has('output') ? { kind: 'text' } : call.output;
    return { ...pick(call, gone), parameters, output };
  }
  if (call.kind === 'image' && gone.has('count')) return { ...pick(call, gone), count: 1 };
  return pick(call, gone);
}

/** Only optional fields are ever left out, and those that are not are put back by the caller. */
function pick<Fields extends object>(fields: Fields, gone: ReadonlySet<string>): Fields {
  const entries = Object.entries(fields).filter(([name]) => !gone.has(name));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return Object.fromEntries(entries) as Fields;
}
