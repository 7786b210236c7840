import { describe, expect, test } from 'vitest';

import type { Json, JsonObject } from '../../../src/domain/json.ts';
import { checkOutput, problemsIn } from '../../../src/services/values/check-output.ts';

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

  test('however long names are, what lies with the payloads is bounded', () => {
    const rows = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`row ${at}`, 'x']));
    const schema = { additionalProperties: { additionalProperties: { type: 'number' } } };
    const { detail } = checkOutput(schema, { ['long '.repeat(20_000)]: rows }) ?? {};
    expect(JSON.stringify(detail).length).toBeLessThan(50 * 700);
  });
});

describe('a model that is asked again', () => {
  const notJson = { pointer: '', code: 'not_json', message: 'the answer is not valid JSON' };

  test('is told the names that it made up', () => {
    const rejected = { title: '', herring: 1 };
    const told = checkOutput(strict, rejected)?.violations ?? [];
    expect(problemsIn(strict, rejected, told)).toMatchObject([{ pointer: '/herring' }]);
  });

  test('is told what else was wrong than its schema', () => {
    expect(problemsIn(strict, 'Not in JSON.', [notJson])).toEqual([notJson]);
    expect(problemsIn(strict, { title: '' }, [notJson])).toEqual([notJson]);
  });
});
