import { describe, expect, test } from 'vitest';

import type { Json } from '../../../src/domain/json.ts';
import { formatPath, type Scope } from '../../../src/engine/expression/path.ts';
import {
  compileCondition,
  compileTemplate,
  computedParts,
  fillTemplate,
  readsOf,
  type Absence,
  type Template,
  type TemplateProblem,
} from '../../../src/engine/expression/template.ts';

function template(value: Json): Template {
  const problems: TemplateProblem[] = [];
  const compiled = compileTemplate(value, ['with'], problems);
  expect(problems).toEqual([]);
  return compiled;
}

function problemsOf(value: Json): TemplateProblem[] {
  const problems: TemplateProblem[] = [];
  compileTemplate(value, ['with'], problems);
  return problems;
}

function fill(value: Json, scope: Scope = {}, absence: Absence = 'fail'): Json {
  const filled = fillTemplate(template(value), scope, absence);
  if (!filled.ok) throw new Error(filled.message);
  return filled.value;
}

function failure(value: Json, scope: Scope = {}): string {
  const filled = fillTemplate(template(value), scope, 'fail');
  if (filled.ok) throw new Error(JSON.stringify(filled.value));
  return filled.message;
}

const scope: Scope = {
  input: { n: 1, text: 'tea', none: null, list: [1, { a: 2 }], 'a b': 3, flag: false },
};

describe('an expression that stands alone keeps its type', () => {
  test.each<[string, Json]>([
    ['${{ input.n }}', 1],
    ['${{input.n}}', 1],
    ['${{ input.none }}', null],
    ['${{ input.flag }}', false],
    ['${{ input.list }}', [1, { a: 2 }]],
    ['${{ input["a b"] }}', 3],
    ['${{ input.list[1].a }}', 2],
    ['${{ input.n + 1 }}', 2],
    ['${{ [input.n] }}', [1]],
    ['${{ {"a": {"b": input.n}} }}', { a: { b: 1 } }],
    ['${{ {"a":{"b":1}}}}', { a: { b: 1 } }],
    ['${{ "}}" }}', '}}'],
    ['${{ \'}}\' + "{{" }}', '}}{{'],
    ['${{ "say \\"}}\\"" }}', 'say "}}"'],
    ['${{ input.text == "tea" ? "yes" : "no" }}', 'yes'],
  ])('%s is %j', (text, expected) => {
    expect(fill(text, scope)).toEqual(expected);
  });

  test('a big value passes through untouched: the very same object', () => {
    const big = { list: Array.from({ length: 10_000 }, (_, index) => ({ index })) };
    expect(fill('${{ input.big }}', { input: { big } })).toBe(big);
  });
});

describe('an expression inside text is interpolated', () => {
  test.each<[string, string]>([
    ['a ${{ input.text }} b', 'a tea b'],
    [' ${{ input.n }}', ' 1'],
    ['${{ input.n }}${{ input.n }}', '11'],
    ['<${{ input.none }}>', '<>'],
    ['${{ input.list }}!', '[1,{"a":2}]!'],
    ['${{ input.flag }}?', 'false?'],
    ["it's ${{ input.text }}, isn't it", "it's tea, isn't it"],
    ['{{ not ours }} ${{ input.n }} }}', '{{ not ours }} 1 }}'],
    ['$${{ input.n }}', '$1'],
    ['100 $ { {', '100 $ { {'],
    ['', ''],
  ])('%j is %j', (text, expected) => {
    expect(fill(text, scope)).toBe(expected);
  });

  test('text that an expression yields is not read as a template again', () => {
    expect(fill('${{ input.x }}', { input: { x: '${{ input.secret }}' } })).toBe(
      '${{ input.secret }}',
    );
    expect(fill('a ${{ input.x }}', { input: { x: '${{ 1 }}' } })).toBe('a ${{ 1 }}');
  });
});

describe('templates go through lists and objects', () => {
  test('values are filled in, keys are left alone', () => {
    const value = { '${{ input.n }}': ['${{ input.n }}', { deep: 'n=${{ input.n }}' }, 5, null] };
    expect(fill(value, scope)).toEqual({ '${{ input.n }}': [1, { deep: 'n=1' }, 5, null] });
  });

  test('a key that JavaScript knows stays data', () => {
    const value = JSON.parse('{"__proto__": "${{ input.n }}", "constructor": 2}') as Json;
    const filled = fill(value, scope);
    expect(JSON.stringify(filled)).toBe('{"__proto__":1,"constructor":2}');
    expect(Object.getPrototypeOf(filled)).toBe(Object.prototype);
  });

  test('the outermost places are read once, computed parts are found', () => {
    const compiled = template({
      a: '${{ steps.x.output }}',
      b: ['${{ steps.x.output.text }}', '${{ size(input.list) }} and ${{ input.list[0] }}'],
      c: 'plain',
    });
    expect(readsOf(compiled).map(formatPath)).toEqual(['input.list', 'steps.x.output']);
    expect(computedParts(compiled).map(({ source }) => source)).toEqual(['size(input.list)']);
  });
});

describe('a place that is absent', () => {
  test('fails in a step, and names the place', () => {
    expect(failure('${{ input.missing.deep }}', scope)).toBe('`input.missing.deep` is absent');
    expect(failure({ a: ['x ${{ input.list[7] }}'] }, scope)).toBe('`input.list[7]` is absent');
    expect(failure('${{ input.text.length }}', scope)).toBe('`input.text.length` is absent');
    expect(failure('${{ input.constructor }}', scope)).toBe('`input.constructor` is absent');
  });

  test('is null in an output', () => {
    expect(fill({ a: '${{ input.missing }}' }, scope, 'null')).toEqual({ a: null });
  });

  test('is null below a step that has no output', () => {
    const skipped: Scope = { steps: { a: { output: null } } };
    expect(fill('${{ steps.a.output.text }}', skipped)).toBeNull();
    expect(fill('[${{ steps.a.output.text }}]', skipped)).toBe('[]');
  });

  test('a computed part that fails says which one', () => {
    expect(failure('${{ input.text + 1 }}', scope)).toMatch(
      /^`input.text \+ 1` cannot be evaluated: /,
    );
  });
});

describe('what is refused', () => {
  test.each([
    ['${{ input.n', 'has a "${{" without its "}}"'],
    ['${{ "}} }}', 'the expression `"` has a syntax error'],
    ['${{ {"a": 1 }}', 'has a "${{" without its "}}"'],
    ['${{ }}', 'the expression `` has a syntax error'],
    ['a ${{ nope.x }} b', 'the expression `nope.x` reads "nope.x"'],
  ])('%s', (text, message) => {
    const [problem, ...more] = problemsOf({ deep: [text] });
    expect(more).toEqual([]);
    expect(problem?.path).toEqual(['with', 'deep', 0]);
    expect(problem?.message.slice(0, message.length)).toBe(message);
  });

  test('every mistake is told, each with its place', () => {
    const found = problemsOf({ a: '${{ x.y }} ${{ z }}', b: { c: '${{' } });
    expect(found.map(({ path }) => path.join('/'))).toEqual(['with/a', 'with/a', 'with/b/c']);
  });

  test.each(['plain', '${{ true }} or ${{ false }}', 'x ${{ true }}', '${{ true'])(
    'a condition is one expression and nothing else: %s',
    (text) => {
      const problems: TemplateProblem[] = [];
      expect(compileCondition(text, ['if'], problems)).toBeNull();
      expect(problems).toEqual([{ path: ['if'], message: 'must be one expression: "${{ … }}"' }]);
    },
  );
});
