import { describe, expect, test } from 'vitest';

import type { Json } from '../../../src/domain/json.ts';
import {
  compileExpression,
  type Compiled,
  type Evaluation,
} from '../../../src/engine/expression/cel.ts';
import { formatPath, type Scope } from '../../../src/engine/expression/path.ts';

function compiled(source: string): Compiled {
  const compilation = compileExpression(source);
  if (!compilation.ok) throw new Error(compilation.message);
  return compilation.compiled;
}

function evaluation(source: string, scope: Scope = {}): Evaluation {
  return compiled(source).evaluate(scope);
}

function value(source: string, scope: Scope = {}): Json {
  const result = evaluation(source, scope);
  if (!result.ok) throw new Error(result.message);
  return result.value;
}

function refusal(source: string): string {
  const compilation = compileExpression(source);
  if (compilation.ok) throw new Error(`${source} compiles`);
  return compilation.message;
}

function failure(source: string, scope: Scope = {}): string {
  const result = evaluation(source, scope);
  if (result.ok) throw new Error(`${source} has a value`);
  return result.message;
}

const reads = (source: string) => compiled(source).reads.map(formatPath);
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('what an expression reads', () => {
  test.each([
    ['input.a.b', ['input.a.b']],
    ['input.a + input.a', ['input.a']],
    ['input.a.b + input.a.c', ['input.a.b', 'input.a.c']],
    ['size(input.a) + input.a.b', ['input.a']],
    ['input["a b"][0]', ['input["a b"][0]']],
    ['input.list[input.at]', ['input.at', 'input.list']],
    ['input.list[-1]', ['input.list']],
    ['has(steps.a.output.flag)', ['steps.a.output.flag']],
    ['input.list.map(x, x.name + metadata.suffix)', ['input.list', 'metadata.suffix']],
    ['[1, 2].map(input, input + 1)', []],
    ['{"k": job.id}["k"]', ['job.id']],
  ])('%s reads %j', (source, paths) => {
    expect(reads(source)).toEqual(paths);
  });

  test.each(['foo', 'foo.bar', 'size(foo)', 'input.list.map(x, y)', '[env.SECRET]'])(
    'an unknown root is refused with the roots that there are: %s',
    (source) => {
      expect(refusal(source)).toMatch(
        /it may begin with input, metadata, job, steps, item, index$/,
      );
    },
  );

  test('a variable of a loop does not leak out of it', () => {
    expect(refusal('input.list.map(x, x).size() + x')).toMatch(/^reads "x"/);
  });
});

describe('what an expression yields', () => {
  const scope: Scope = {
    input: { n: 2, half: 0.5, text: 'a,b', list: [1, 2, 3], none: null, deep: { x: { y: true } } },
  };

  test.each<[string, Json]>([
    ['input.n', 2],
    ['input.none', null],
    ['input.deep', { x: { y: true } }],
    ['input.deep.x.y', true],
    ['[input.n, input.text]', [2, 'a,b']],
    ['{"a": input.n, 1: true, false: null}', { a: 2, '1': true, false: null }],
    ['input.list.filter(x, x > 1)', [2, 3]],
    ['input.list.map(x, x > 1, x * 2)', [4, 6]],
    ['input.list.exists(x, x == 3) && input.list.all(x, x < 4)', true],
    ['input.text.split(",")', ['a', 'b']],
    ['["a", "b"].join("-")', 'a-b'],
    ['"%s=%d".format(["a", 1])', 'a=1'],
    ['"aXbX".replace("X", "--")', 'a--b--'],
    ['"aXbX".replace("X", "-", 1)', 'a-bX'],
    ['"ab".replace("", "-")', '-a-b-'],
    ['"a$b".replace("$", "$&")', 'a$&b'],
    ['"Tea".upperAscii() + "Tea".lowerAscii()', 'TEAtea'],
    ['input.text.matches("^a,")', true],
    ['string(input.n) + "!"', '2!'],
    ['"n" in input', true],
    ['has(input.n)', true],
    ['has(input.other)', false],
    ['input.list + [4]', [1, 2, 3, 4]],
    ['"é" + "😀"', 'é😀'],
    ['size("é😀")', 2],
  ])('%s is %j', (source, expected) => {
    expect(value(source, scope)).toEqual(expected);
  });

  test.each<[string, Json]>([
    ['input.n + 1', 3],
    ['1 + input.n', 3],
    ['input.n - 1', 1],
    ['5 - input.n', 3],
    ['input.n * 3', 6],
    ['3 * input.half', 1.5],
    ['input.n / 4', 0.5],
    ['1 / input.n', 0.5],
    ['7 / 2', 3],
    ['input.n % 2', 0],
    ['7 % input.n', 1],
    ['input.half % input.half', 0],
    ['size(input.list) * input.n', 6],
    ['input.n > 1 && input.n <= 2.0 && input.n == 2', true],
    ['input.n in [1, 2]', true],
    ['input.list[input.n]', 3],
    ['-input.n', -2],
  ])('numbers of JSON and of the expression mix: %s is %j', (source, expected) => {
    expect(value(source, scope)).toEqual(expected);
  });

  test.each([
    ['input.n / 0', 'not a finite number'],
    ['1 / 0', 'divide by zero'],
    ['"a" + 1', 'no matching overload'],
    ['input.text ? 1 : 2', 'no matching overload'],
    ['input.missing', 'missing'],
    ['input.list[3]', 'out of bounds'],
    ['now()', 'unbound function: now'],
    ['timestamp("2020-01-01T00:00:00Z")', 'convert it with string(…)'],
    ['b"abc"', 'convert it with string(…)'],
    ['type(1)', 'convert it with string(…)'],
  ])('%s fails and says why: %s', (source, reason) => {
    expect(failure(source, scope)).toContain(reason);
  });

  test('what the other side of an "or" cannot find does not matter', () => {
    expect(value('input.missing == 1 || true', scope)).toBe(true);
  });
});

describe('keys that JavaScript knows too', () => {
  const evil = JSON.parse('{"__proto__": {"x": 1}, "constructor": "mine"}') as Json;

  test.each(['input.constructor', 'input.__proto__', 'input["toString"]', 'input.list.length'])(
    '%s is absent unless the value has it itself',
    (source) => {
      expect(evaluation(source, { input: { list: [1] } }).ok).toBe(false);
    },
  );

  test('has() and "in" see own keys only', () => {
    const source = 'has(input.toString) || has(input.constructor) || "__proto__" in input';
    expect(value(source, { input: {} })).toBe(false);
  });

  test('a value that has them gives them, as data', () => {
    expect(value('input.__proto__.x', { input: evil })).toBe(1);
    expect(value('input.constructor + "!"', { input: evil })).toBe('mine!');
    expect(value('[input]', { input: evil })).toEqual([evil]);
    const message = { $typeName: 'google.protobuf.Any', value: 1 };
    expect(value('input.any.value + 1', { input: { any: message } })).toBe(2);
    const built = value('{"__proto__": 1}');
    expect(Object.getPrototypeOf(built)).toBe(Object.prototype);
    expect(JSON.stringify(built)).toBe('{"__proto__":1}');
  });
});

describe('limits', () => {
  test('an expression is at most 2,000 characters long', () => {
    expect(compileExpression(`"${'a'.repeat(1_998)}"`).ok).toBe(true);
    expect(refusal(`"${'a'.repeat(1_999)}"`)).toBe('is longer than 2000 characters');
  });

  test('an expression has at most 500 parts', () => {
    expect(compileExpression(`1${'+1'.repeat(249)}`).ok).toBe(true);
    expect(refusal(`1${'+1'.repeat(250)}`)).toMatch(/^has more than 500 parts/);
  });

  test.each([
    ['(', ')'],
    ['[', ']'],
    ['{"a":', '}'],
    ['dyn(', ')'],
  ])('brackets nest at most a hundred deep: %s', (open, close) => {
    const nested = (depth: number) => `${open.repeat(depth)}true${close.repeat(depth)}`;
    expect(evaluation(nested(100)).ok).toBe(true);
    expect(refusal(nested(101))).toBe('is nested too deeply');
  });

  test.each([
    `${'!'.repeat(1_900)}true`,
    `${'true ? true : '.repeat(120)}true`,
    `input${'.a'.repeat(900)}`,
  ])('other ways to nest end in an answer too: %.20s…', (source) => {
    const compilation = compileExpression(source);
    const answer = compilation.ok ? compilation.compiled.evaluate({}) : compilation;
    expect('value' in answer ? '' : answer.message).not.toMatch(/stack|nested/);
  });

  test('loops nest at most twice', () => {
    expect(value('[1].map(x, [2].map(y, x + y))')).toEqual([[3]]);
    expect(refusal('[1].map(x, [2].map(y, [3].map(z, z)))')).toMatch(/^nests more than 2 loops/);
  });

  test('loops go round at most 5,000 times in one evaluation', () => {
    const scope = { input: { list: numbers(5_000) } };
    expect(value('input.list.map(x, x)', scope)).toHaveLength(5_000);
    const message = 'loops over more than 5,000 elements';
    expect(failure('input.list.map(x, input.list.size() > 0).map(y, y)', scope)).toContain(message);
    expect(failure('input.list.all(x, input.list.all(y, y >= 0))', scope)).toContain(message);
    expect(value('input.list.exists(x, x == 3)', { input: { list: numbers(50_000) } })).toBe(true);
  });

  test('every evaluation has all its rounds', () => {
    const expression = compiled('input.list.map(x, x).size()');
    const scope = { input: { list: numbers(4_000) } };
    expect(expression.evaluate(scope)).toEqual({ ok: true, value: 4_000 });
    expect(expression.evaluate(scope)).toEqual({ ok: true, value: 4_000 });
  });

  test.each([
    ['texts added to themselves', `size(["aaaaaaaaaa"]${'.map(a, a + a)'.repeat(24)}[0])`],
    ['lists added to themselves', `size([[1]]${'.map(a, a + a)'.repeat(24)}[0])`],
    ['lists of themselves', `[[1]]${'.map(a, [a, a])'.repeat(24)}`],
    ['maps of themselves', `[[1]]${'.map(a, {"l": a, "r": a})'.repeat(22)}`],
    ['lists of themselves compared', `[[1]]${'.map(a, [a, a])'.repeat(24)}.all(a, a == a)`],
    ['replacing', `size("aaaaaaaaaa"${'.replace("a", "aaaa")'.repeat(12)})`],
    ['joining', `size(["aaaaaaaaaa"]${'.map(a, [a, a, a, a].join(a))'.repeat(8)}[0])`],
    [
      'formatting',
      `size(["aaaaaaaaaa"]${'.map(a, "%s%s%s%s".format([a, a, a, a]))'.repeat(12)}[0])`,
    ],
    ['bytes added to themselves', `size([b"aaaaaaaaaa"]${'.map(a, a + a)'.repeat(24)}[0])`],
  ])('a value cannot be blown up by %s', (_, source) => {
    expect(failure(source)).toMatch(/too large|too much work/);
  });

  test('comparing long values over and over comes to an end', () => {
    const text = 'a'.repeat(200_000);
    const scope = { input: { list: numbers(5_000), a: text, b: `${text}b` } };
    expect(failure('input.list.all(x, [input.a] != [input.b])', scope)).toContain('too much work');
  });

  test('ordinary work on a long text is done', () => {
    const text = 'line of a long document\n'.repeat(10_000);
    const scope = { input: { text } };
    expect(value('size(input.text.replace("\\n", " ").split(" "))', scope)).toBe(50_001);
    expect(value('input.text + "end"', scope)).toBe(`${text}end`);
  });

  test('a slow regular expression is not slow', () => {
    const scope = { input: { text: `${'a'.repeat(5_000)}b` } };
    expect(value('input.text.matches("^(a+)+$")', scope)).toBe(false);
    expect(failure('input.text.matches("(?=a)")', scope)).toBeTruthy();
  });

  test('a value nested deeper than the stack fails as an expression, not as a crash', () => {
    let deep: Json = 1;
    for (let level = 0; level < 20_000; level += 1) deep = [deep];
    expect(evaluation('[input.deep]', { input: { deep } }).ok).toBe(false);
  });
});

describe('syntax errors', () => {
  test.each(['', '1 +', 'input.', 'a b', '"open', 'input.?a', '1 == '])(
    '%j is refused with a sentence',
    (source) => {
      expect(refusal(source)).toMatch(/^has a syntax error/);
    },
  );

  test('nothing inside an expression reaches the meter', () => {
    expect(refusal('__tick()')).toContain('__tick');
  });
});
