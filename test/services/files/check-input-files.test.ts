import { describe, expect, test } from 'vitest';

import { uploadIdOf, type FileMeta } from '../../../src/domain/file.ts';
import { projectId } from '../../../src/domain/ids.ts';
import type { Json, JsonObject } from '../../../src/domain/json.ts';
import { inputFilesRefusal } from '../../../src/services/files/check-input-files.ts';
import { fileIdPlaces } from '../../../src/services/values/file-id-places.ts';

const mark = { type: 'string', format: 'file-id' };
const HERE = uploadIdOf('01920000-0000-7000-8000-000000000001');
const GONE = uploadIdOf('01920000-0000-7000-8000-000000000002');

describe('the places of file ids', () => {
  test.each<[string, JsonObject, Json, string[]]>([
    ['a field', { properties: { a: mark } }, { a: 'x', b: 'y' }, ['/a']],
    ['the whole', mark, 'x', ['']],
    ['items', { properties: { a: { items: mark } } }, { a: ['x', 1, 'y'] }, ['/a/0', '/a/2']],
    ['first items', { prefixItems: [true, mark], items: false }, ['x', 'y', 'z'], ['/1']],
    ['other fields', { additionalProperties: mark }, { 'a/b': 'x' }, ['/a~1b']],
    ['a choice', { anyOf: [{ type: 'null' }, mark] }, 'x', ['']],
    [
      'a definition that holds itself',
      {
        $ref: '#/$defs/tree',
        $defs: { tree: { properties: { file: mark, next: { $ref: '#/$defs/tree' } } } },
      },
      { file: 'x', next: { file: 'y' } },
      ['/file', '/next/file'],
    ],
    ['a circle', { $ref: '#' }, 'x', []],
    ['other formats', { properties: { a: { format: 'uri' } } }, { a: 'x' }, []],
    ['an inherited name', { properties: {} }, { toString: 'x' }, []],
  ])('%s', (_what, schema, value, pointers) => {
    expect(fileIdPlaces(schema, value).map(({ pointer }) => pointer)).toEqual(pointers);
  });
});

describe('an input that names files', () => {
  const asked: string[] = [];
  const files = {
    head: async (_project: unknown, id: string) => {
      asked.push(id);
      return id === HERE ? ({ id } as FileMeta) : null;
    },
  };
  const check = (input: Json) =>
    inputFilesRefusal(files, projectId('prj_a'), { properties: { f: { items: mark } } }, input);

  test('that are there passes, and each is asked for once', async () => {
    asked.length = 0;
    expect(await check({ f: [HERE, HERE] })).toBeNull();
    expect(asked).toEqual([HERE]);
  });

  test('that are not there, or are no ids, says where', async () => {
    expect(await check({ f: [HERE, GONE, 'nonsense'] })).toMatchObject({
      failure: {
        code: 'input_invalid',
        violations: [{ pointer: '/input/f/1' }, { pointer: '/input/f/2' }],
      },
    });
  });

  test('without end is refused unasked', async () => {
    asked.length = 0;
    const ids = Array.from({ length: 101 }, (_, index) =>
      uploadIdOf(`01920000-0000-7000-8000-${String(index).padStart(12, '0')}`),
    );
    expect(await check({ f: ids })).toMatchObject({ failure: { code: 'input_invalid' } });
    expect(asked).toEqual([]);
  });
});
