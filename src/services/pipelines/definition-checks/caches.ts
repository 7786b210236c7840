import {
  DEFAULTS,
  type Definition,
  type StepDefinition,
} from '../../../domain/definition/definition.ts';
import { durationMs, parseDurationMs } from '../../../domain/duration.ts';
import type { Violation } from '../../../domain/job/failure.ts';
import { jsonPointer } from '../../../domain/json.ts';
import { isModelStepKind } from '../../../domain/definition/step-kinds.ts';

/** Caches that could not do what their step says. */
export function cacheViolations({ steps }: Definition): Violation[] {
  return steps.flatMap((step, index) => {
    const wrong = misplaced(step) ?? contradicting(step);
    if (wrong === null) return [];
    const { path, ...rest } = wrong;
    return [{ pointer: jsonPointer(['steps', index, 'cache', ...path]), ...rest }];
  });
}

type Wrong = Omit<Violation, 'pointer'> & { readonly path: readonly string[] };

function misplaced({ uses, cache }: StepDefinition): Wrong | null {
  if (cache === undefined) return null;
  const wrong = { path: [], code: 'misplaced' };
  if (!isModelStepKind(uses)) {
    const message = `${uses} calls no model, so there is nothing to take over; remove \`cache\``;
    return { ...wrong, message };
  }
  if (uses !== 'model.image') return null;
  const message =
    'images are files of the job that made them and go with it, so no other job can take them over; remove `cache`';
  return { ...wrong, message };
}

function contradicting({ cache }: StepDefinition): Wrong | null {
  if (cache?.single_flight !== true || cache.mode === 'read_write') return null;
  const message = `identical calls can only become one where results are taken over and left, which \`${cache.mode}\` does not do; set \`mode\` to \`read_write\`, or remove \`single_flight\``;
  return { path: ['single_flight'], code: 'contradiction', message };
}

/** A recorded result lies with the job that paid for it. */
export function cacheWarnings({ steps, retention }: Definition): Violation[] {
  const keptMs = durationMs(retention?.payloads, DEFAULTS.retentionPayloadsMs);
  return steps.flatMap(({ cache }, index) => {
    const ttl = cache?.ttl;
    if (ttl === undefined || (parseDurationMs(ttl) ?? 0) <= keptMs) return [];
    const kept = retention?.payloads ?? '7d unless it is set';
    const message = `a result goes with the payloads of its job, which stay for ${kept} after its end; shorten \`ttl\`, or set \`retention.payloads\` to ${ttl} or more`;
    return [
      { pointer: jsonPointer(['steps', index, 'cache', 'ttl']), code: 'contradiction', message },
    ];
  });
}
