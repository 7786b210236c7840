import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  effectKinds,
  isStepKind,
  modelStepKinds,
  stepKinds,
  transformKinds,
} from '../../src/domain/definition/step-kinds.ts';
import type { TransformStep } from '../../src/steps/port.ts';
import { transforms } from '../../src/steps/transforms.ts';
import { messyText } from './text/support.ts';

describe('the names of steps', () => {
  test('every name is a kind, once', () => {
    expect(stepKinds).toEqual([
      ...transformKinds,
      ...modelStepKinds,
      ...effectKinds,
      'wait',
      'pipeline',
    ]);
    expect(new Set(stepKinds).size).toBe(stepKinds.length);
    for (const kind of stepKinds) expect(isStepKind(kind)).toBe(true);
  });

  test.each(['', 'text', 'text.Normalize', 'text.normalize ', 'toString', '__proto__'])(
    '%j is no kind',
    (text) => {
      expect(isStepKind(text)).toBe(false);
    },
  );
});

describe('the table', () => {
  test('there is a row for every transform', () => {
    expect(Object.keys(transforms).toSorted()).toEqual([...transformKinds].toSorted());
  });

  test.each(['text.normalize', 'text.redact', 'text.chunk'] as const)(
    '%s gives plain JSON, and the same for the same input',
    async (kind) => {
      const step: TransformStep = transforms[kind];
      await fc.assert(
        fc.asyncProperty(messyText(), async (text) => {
          const once = await step.run(step.input.parse({ text }));
          const again = await step.run(step.input.parse({ text }));
          expect(JSON.parse(JSON.stringify(once))).toEqual(once);
          expect(JSON.stringify(again)).toBe(JSON.stringify(once));
        }),
      );
    },
  );

  test.each(transformKinds)('%s refuses a field that it does not know', (kind) => {
    const step: TransformStep = transforms[kind];
    const parsed = step.input.safeParse({ text: 'a', value: 1, chunks: [], items: [], tex: 'b' });
    expect(parsed.error?.issues.map(({ code }) => code)).toContain('unrecognized_keys');
  });
});
