import { maskOwnSecrets } from '../http/mask-secrets.ts';
import type { CallOutcome, ProviderAdapter } from '../port.ts';

/**
 * An adapter whose outcomes never hold the deployment's own secrets: neither in its failures, nor in what a model
 * answers, in the provider's usage object or its request id, when a server gives back what it was sent.
 */
export function withoutSecrets(
  adapter: ProviderAdapter,
  secrets: readonly string[],
): ProviderAdapter {
  const own = secrets.filter((secret) => secret !== '');
  if (own.length === 0) return adapter;
  const clean = (outcome: CallOutcome) => masked(outcome, own);
  const { getJobStatus, callbacks, findJob } = adapter;
  return {
    ...adapter,
    normalizeOutput: (reply, call) => clean(adapter.normalizeOutput(reply, call)),
    classifyError: (evidence) => masked(adapter.classifyError(evidence), own),
    submitJob: async (call, context) => clean(await adapter.submitJob(call, context)),
    ...(getJobStatus === undefined
      ? {}
      : {
          getJobStatus: async (ticket, call, context) =>
            clean(await getJobStatus(ticket, call, context)),
        }),
    ...(findJob === undefined
      ? {}
      : { findJob: async (lost, context) => masked(await findJob(lost, context), own) }),
    ...(callbacks === undefined
      ? {}
      : {
          callbacks: {
            verify: (request) => callbacks.verify(request),
            read: (body, call) => masked(callbacks.read(body, call), own),
          },
        }),
  };
}

/** The same value with the secrets taken out of its texts; the very same where there are none. */
function masked<Value>(value: Value, secrets: readonly string[]): Value {
  const clean = maskedJson(value, secrets);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a text stays a text, and nothing else changes
  return clean as Value;
}

function maskedJson(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') return maskOwnSecrets(value, secrets);
  if (Array.isArray(value)) return maskedList(value, secrets);
  if (typeof value !== 'object' || value === null || isBytes(value)) return value;
  const entries = Object.entries(value);
  const clean = entries.map(([key, inner]): [string, unknown] => [
    maskOwnSecrets(key, secrets),
    maskedJson(inner, secrets),
  ]);
  const isSame = clean.every(
    ([key, inner], index) => key === entries[index]?.[0] && inner === entries[index][1],
  );
  return isSame ? value : Object.fromEntries(clean);
}

/** A picture or a sound: megabytes of base64, and no text. */
function isBytes(value: object): boolean {
  return 'kind' in value && value.kind === 'base64' && 'data' in value;
}

function maskedList(list: readonly unknown[], secrets: readonly string[]): unknown {
  // A vector: thousands of numbers, and no text.
  if (typeof list[0] === 'number' && typeof list.at(-1) === 'number') return list;
  const clean = list.map((inner) => maskedJson(inner, secrets));
  return clean.every((inner, index) => inner === list[index]) ? list : clean;
}
