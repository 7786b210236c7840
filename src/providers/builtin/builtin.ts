/**
 * The builtin provider: models that run inside the Worker, without a key or a network. They are deterministic
 * computations on the text itself, with no training behind them; `models.ts` says what each can and cannot do.
 */
import type { ModelCall } from '../../domain/model/model-call.ts';
import { abortedBy } from '../http/thrown.ts';
import type { CallContext, CallOutcome, ProviderAdapter } from '../port.ts';
import { unsupportedKind } from '../shared/failures.ts';
import { compute } from './compute.ts';
import { builtinKinds, isBuiltinKind } from './models.ts';
import { classifyError, normalizeOutput } from './reply.ts';
import { toWire } from './wire.ts';

export { builtinModels } from './models.ts';

export function makeBuiltin(): ProviderAdapter {
  return {
    id: 'builtin',
    version: 1,
    capabilities: { kinds: builtinKinds, local: true },
    transformInput: toWire,
    normalizeOutput,
    classifyError,
    submitJob: runCall,
  };
}

/** The computation is one synchronous run, so a signal that fires during it comes too late to stop it. */
async function runCall(call: ModelCall, context: CallContext): Promise<CallOutcome> {
  const { signal } = context;
  if (!isBuiltinKind(call.kind)) {
    return { kind: 'failed', failure: unsupportedKind('builtin', call.kind) };
  }
  if (signal.aborted) {
    return { kind: 'failed', failure: classifyError({ kind: 'aborted', by: abortedBy(signal) }) };
  }
  try {
    // There are no headers to wait for: whoever counts connections may stop counting this one.
    context.onHeaders();
    return normalizeOutput(compute(toWire(call)), call);
  } catch (thrown) {
    const { name, message } = thrown instanceof Error ? thrown : new Error(String(thrown));
    const failure = classifyError({ kind: 'exception', name, message, sent: false });
    return { kind: 'failed', failure };
  }
}
