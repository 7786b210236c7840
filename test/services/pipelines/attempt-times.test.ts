import { expect, test } from 'vitest';

import { attemptTimeViolations } from '../../../src/services/pipelines/definition-checks/attempt-times.ts';
import type { Providers } from '../../../src/services/ports/targets/providers.ts';
import { definitionOf, type DefinitionBody } from '../../support/engine-driver.ts';

const providers: Providers = {
  ids: ['openai', 'queue'],
  get: () => null,
  modelsOf: () => [],
  kindOf: () => null,
  capabilitiesOf: (id) => ({
    kinds: ['image'],
    local: false,
    executions: { image: id === 'queue' ? ['background'] : ['sync', 'background'] },
  }),
};
const sync = { provider: 'openai', model: 'm' };
const image = (...targets: (typeof sync & { execution?: 'sync' | 'background' })[]) => ({
  uses: 'model.image' as const,
  route: { targets },
});

type Step = Omit<DefinitionBody['steps'][number], 'id'>;
const table: readonly (readonly [what: string, step: Step, attempt: string, allowed: boolean])[] = [
  ['waits for its answer', image(sync), '20m', false],
  ['waits for its answer', image(sync), '10m', true],
  ['works in the background', image({ ...sync, execution: 'background' }), '20m', true],
  ['is asked to answer at once', image({ ...sync, execution: 'sync' }), '20m', false],
  ['has one target that works so', image(sync, { provider: 'queue', model: 'm' }), '1d', true],
  ['computes', { uses: 'data.compose' }, '20m', false],
  ['is another job', { uses: 'pipeline', with: { pipeline: 'other' } }, '20m', true],
];

test.each(table)('a step that %s', (_what, step, attempt, allowed) => {
  const definition = definitionOf({ steps: [{ ...step, id: 'a', timeouts: { attempt } }] });
  const found = attemptTimeViolations(definition, providers).map(({ pointer }) => pointer);
  expect(found).toEqual(allowed ? [] : ['/steps/0/timeouts/attempt']);
});
