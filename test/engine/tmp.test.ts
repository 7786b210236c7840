import * as fc from 'fast-check';
import { test } from 'vitest';
import { anyDefinition, anyScript, anyInput } from '../support/engine-player.ts';
test('x', () => {
  for (const d of fc.sample(anyDefinition, 4)) console.log(JSON.stringify(d.definition, null, 0).slice(0, 1500));
  console.log(JSON.stringify(fc.sample(anyScript, 2)).slice(0, 800), JSON.stringify(fc.sample(anyInput,5)));
});
