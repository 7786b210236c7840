import { describe, expect, test } from 'vitest';

import type { Json, JsonObject } from '../../../src/domain/json.ts';
import { checkOutput } from '../../../src/services/values/check-output.ts';

const strict: JsonObject = {
  type: 'object',
  required: ['title'],
  properties: {
    title: { type: 'string' },
    parts: {
      type: 'array',
      items: { type: 'object', properties: { 'a/b~c': { type: 'number' } } },
    },
    prices: { type: 'object', additionalProperties: { type: 'number' } },
  },
  additionalProperties: false,
};

function pointers(value: Json): string[] {
  return checkOutput(strict, value)?.violations?.map(({ pointer }) => pointer) ?? [];
}

describe('of an output that breaks its schema', () => {
  const cases: readonly (readonly [Json, readonly string[]])[] = [
    [{ title: 7 }, ['/title']],
    [{}, ['/title']],
    [{ title: '', parts: [{}, { 'a/b~c': '' }] }, ['/parts/1/a~1b~0c']],
    [{ title: '', 'herring was asked': 1 }, ['/*']],
    [{ title: '', prices: { herring: 'x', '4111111111111111': 'y' } }, ['/prices/*', '/prices/*']],
  ];
  test.each(cases)('%j, only names that the schema knows are told', (value, expected) => {
    expect(pointers(value)).toEqual(expected);
    const { detail: _detail, ...told } = checkOutput(strict, value) ?? {};
    expect(JSON.stringify(told)).not.toMatch(/herring|4111/);
  });

  test('the others lie with the payloads, where they are needed', () => {
    expect(checkOutput(strict, { title: '', herring: 1 })).toMatchObject({
      message: expect.stringContaining('/* is not allowed here'),
      detail: [expect.stringContaining('/herring is not allowed here')],
    });
    expect(checkOutput(strict, { title: 7 })).not.toHaveProperty('detail');
    expect(checkOutput(strict, { title: 'x' })).toBeNull();
  });
});
