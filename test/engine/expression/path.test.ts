import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Json } from '../../../src/domain/json.ts';
import {
  formatPath,
  outermost,
  parsePlainPath,
  putAt,
  roots,
  valueAt,
  type Path,
  type Scope,
} from '../../../src/engine/expression/path.ts';

describe('plain paths', () => {
  test.each<[string, Path | null]>([
    ['input', ['input']],
    ['input.a_1.B', ['input', 'a_1', 'B']],
    ['steps.a.output[0]["b c"]', ['steps', 'a', 'output', 0, 'b c']],
    ['input[""]', ['input', '']],
    ['items', null],
    ['inputs.a', null],
    ['input.', null],
    ['input .a', null],
    ['input.1', null],
    ['input[-1]', null],
    ['input[1234567890]', null],
    ['input["a\\"b"]', null],
    ['other.a', null],
    ['input.a + 1', null],
  ])('%s', (source, path) => {
    expect(parsePlainPath(source)).toEqual(path);
  });

  const part = fc.oneof(
    fc.nat(999),
    fc.stringMatching(/^[^"\\]*$/),
    fc.stringMatching(/^[a-z_]\w*$/),
  );

  test('what is formatted is parsed to the same path, for every key without a quote or a backslash', () => {
    const path = fc
      .tuple(fc.constantFrom(...roots), fc.array(part, { maxLength: 5 }))
      .map(([root, parts]): Path => [root, ...parts]);
    fc.assert(
      fc.property(path, (some) => {
        // JSON escapes control characters; a path that has them is no plain path.
        const text = formatPath(some);
        fc.pre(!text.includes('\\'));
        expect(parsePlainPath(text)).toEqual(some);
      }),
    );
  });
});

describe('valueAt', () => {
  const value: Json = { a: [{ b: 1 }], s: 'text' };

  test.each<[Path, Json | undefined]>([
    [[], value],
    [['a', 0, 'b'], 1],
    [['a', '0'], undefined],
    [['a', 1], undefined],
    [['a', 'length'], undefined],
    [['s', 0], undefined],
    [['s', 'length'], undefined],
    [['a', 0, 'b', 'c'], undefined],
    [['toString'], undefined],
    [['__proto__'], undefined],
    [['constructor', 'name'], undefined],
  ])('%j', (path, expected) => {
    expect(valueAt(value, path)).toEqual(expected);
  });
});

describe('outermost', () => {
  test('places below another one are dropped, the rest is in a stable order', () => {
    const paths: Path[] = [
      ['steps', 'b', 'output', 'x'],
      ['input', 'ab'],
      ['steps', 'b', 'output'],
      ['input', 'a'],
      ['input', 'a'],
      ['input', 'a', 0],
    ];
    expect(outermost(paths).map(formatPath)).toEqual(['input.a', 'input.ab', 'steps.b.output']);
  });
});

function scopeOf(...entries: readonly [Path, Json][]): Scope {
  const scope: Scope = {};
  for (const [path, value] of entries) putAt(scope, path, value);
  return scope;
}

describe('putAt', () => {
  test('makes the objects and lists on the way', () => {
    expect(scopeOf([['steps', 'a', 'output', 'x'], 1], [['steps', 'a', 'status'], 'done'])).toEqual(
      {
        steps: { a: { output: { x: 1 }, status: 'done' } },
      },
    );
    expect(scopeOf([['input', 'list', 2], 'c'], [['input', 'list', 0], 'a'])).toEqual({
      input: { list: ['a', null, 'c'] },
    });
  });

  test('a null on the way makes room', () => {
    expect(scopeOf([['input', 'a'], null], [['input', 'a', 'b'], 1])).toEqual({
      input: { a: { b: 1 } },
    });
  });

  test('a key that JavaScript knows is data', () => {
    const scope = scopeOf(
      [['input', '__proto__', 'polluted'], true],
      [['input', 'constructor'], 1],
    );
    expect(JSON.stringify(scope)).toBe('{"input":{"__proto__":{"polluted":true},"constructor":1}}');
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });
});
