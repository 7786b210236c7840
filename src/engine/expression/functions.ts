import {
  CelScalar,
  celFunc,
  celList,
  celMethod,
  isCelError,
  listType,
  type CelFunc,
  type CelList,
  type CelValue,
} from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';

import { checkWeight, concat, keep, spend, tick, weigh } from './budget.ts';

/**
 * What CEL's own functions lack. Numbers of JSON are doubles, and CEL refuses `double + int`; the mixed
 * overloads make `n + 1` mean what a reader expects. Functions that make a value larger than what they are
 * given check its size before they make it.
 */
const { DOUBLE, INT, BOOL, STRING, BYTES, DYN } = CelScalar;
const LIST = listType(DYN);

const arithmetic: Record<string, (left: number, right: number) => number> = {
  '_+_': (left, right) => left + right,
  '_-_': (left, right) => left - right,
  '_*_': (left, right) => left * right,
  '_/_': (left, right) => left / right,
  '_%_': (left, right) => left % right,
};

const mixed: CelFunc[] = Object.entries(arithmetic).flatMap(([name, compute]) => [
  celFunc(name, [DOUBLE, INT], DOUBLE, (left, right) => compute(left, Number(right))),
  celFunc(name, [INT, DOUBLE], DOUBLE, (left, right) => compute(Number(left), right)),
]);

/** The elements of lists made here: spreading an array is much faster than walking a list. */
const elements = new WeakMap<CelList, readonly CelValue[]>();

/** The library's own concatenation nests its lists; a long `map` would overflow the stack. */
function concatLists(left: CelList, right: CelList): CelList {
  return concat(left, right, () => {
    const array = [...(elements.get(left) ?? left), ...(elements.get(right) ?? right)];
    const list = celList(array);
    elements.set(list, array);
    return list;
  });
}

function concatBytes(left: Uint8Array, right: Uint8Array): Uint8Array {
  return concat(left, right, () => {
    const joined = new Uint8Array(left.length + right.length);
    joined.set(left);
    joined.set(right, left.length);
    return joined;
  });
}

/** Replaces the first `count` occurrences, all of them when it is negative. */
function replace(text: string, from: string, to: string, count: number): string {
  let weight = text.length;
  let left = count < 0 ? Number.POSITIVE_INFINITY : count;
  return text.replaceAll(from, (found) => {
    left -= 1;
    if (left < 0) return found;
    weight += to.length - found.length;
    checkWeight(weight);
    return to;
  });
}

function join(list: CelList, separator: string): string {
  const texts: string[] = [];
  let weight = 0;
  for (const text of list) {
    if (typeof text !== 'string') throw new TypeError('join: the list holds more than texts');
    weight += text.length + separator.length;
    checkWeight(weight);
    texts.push(text);
  }
  return texts.join(separator);
}

const [libraryFormat] = strings.filter(({ name }) => name === 'format');
/** A list of numbers is longer as text than it weighs. */
const FORMAT_GROWTH = 4;

function format(text: string, list: CelList): string {
  checkWeight(weigh(list) * FORMAT_GROWTH);
  const formatted = libraryFormat?.call(0, text, [list]);
  if (typeof formatted === 'string') return formatted;
  throw new TypeError(isCelError(formatted) ? formatted.message : 'format: it has no such form');
}

/** How many code points a text has. */
function lengthOf(text: string): bigint {
  let length = 0n;
  for (const _ of spend(text)) length += 1n;
  return length;
}

export const functions: readonly CelFunc[] = [
  ...strings,
  ...mixed,
  celFunc('_%_', [DOUBLE, DOUBLE], DOUBLE, (left, right) => left % right),
  celFunc('_+_', [LIST, LIST], LIST, concatLists),
  celFunc('_+_', [STRING, STRING], STRING, (left, right) =>
    concat(left, right, () => left + right),
  ),
  celFunc('_+_', [BYTES, BYTES], BYTES, concatBytes),
  celFunc('size', [STRING], INT, lengthOf),
  celMethod('size', STRING, [], INT, function length() {
    return lengthOf(this);
  }),
  celMethod('replace', STRING, [STRING, STRING], STRING, function all(from, to) {
    return replace(this, from, to, -1);
  }),
  celMethod('replace', STRING, [STRING, STRING, INT], STRING, function some(from, to, count) {
    return replace(this, from, to, Number(count));
  }),
  celMethod('join', LIST, [], STRING, function plainly() {
    return join(this, '');
  }),
  celMethod('join', LIST, [STRING], STRING, function separated(separator) {
    return join(this, separator);
  }),
  celMethod('format', STRING, [LIST], STRING, function filled(list) {
    return format(this, list);
  }),
  celFunc('__tick', [], BOOL, tick),
  celFunc('__spend', [DYN], DYN, spend),
  celFunc('__keep', [DYN], DYN, keep),
];
