import type { Fault } from './types.ts';

const named: Readonly<Record<string, Fault>> = {
  'sim-quota': { status: 429, code: 'insufficient_quota', type: 'insufficient_quota' },
  'sim-context-length': { status: 400, code: 'context_length_exceeded' },
  'sim-blocked': { status: 400, code: 'content_policy_violation' },
  'sim-slow': { slow_body: { delay_ms: 20, chunks: 10 } },
  'sim-drop': { drop: 'before_headers' },
  'sim-drop-mid': { drop: 'mid_body' },
  'sim-drop-after': { drop: 'after_request' },
  'sim-malformed': { malformed: 'truncated' },
  'sim-not-json': { not_json: true },
  'sim-wrong-schema': { wrong_schema: true },
  'sim-error-200': { error_in_200: true },
  'sim-stream-error': { stream_error: 2 },
  'sim-truncate': { truncate: true },
  'sim-refusal': { refusal: "I can't help with that." },
  'sim-hang': { hang: true },
};

const statusName = /^sim-([45]\d\d)$/;
const latencyName = /^sim-latency-(\d{1,6})$/;

/** Model names that stand for a fault: `sim-429`, `sim-latency-250`, `sim-hang` … */
export function magicFault(model: string): Fault | null {
  if (!model.startsWith('sim-')) return null;
  if (Object.hasOwn(named, model)) return named[model] ?? null;
  const status = statusName.exec(model)?.[1];
  if (status !== undefined) return { status: Number(status) };
  const latency = latencyName.exec(model)?.[1];
  return latency === undefined ? null : { latency_ms: Number(latency) };
}

export const magicModels: readonly string[] = [...Object.keys(named), 'sim-429', 'sim-latency-250'];
