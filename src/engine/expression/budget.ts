import { isCelList, isCelMap } from '@bufbuild/cel';

/**
 * What one evaluation may take. CEL cannot loop for ever, but a short expression can double a value dozens of
 * times, or compare a long one thousands of times; so whatever grows is weighed and paid for.
 */
const ROUNDS_MAX = 5_000;
/** Characters and elements touched, in all. */
const WORK_MAX = 20_000_000;
/** Characters and elements of one value, with all that lies inside. */
const WEIGHT_MAX = 4_000_000;
/** Copying a list, or joining two texts, costs this much less than looking at every part. */
const COPY_SHARE = 64;

/** What is left to the evaluation under way; evaluation never awaits, so there is only one. */
const left = { rounds: 0, work: 0 };

export function openBudget(): void {
  left.rounds = ROUNDS_MAX;
  left.work = WORK_MAX;
}

/** One round of a loop. */
export function tick(): true {
  left.rounds -= 1;
  if (left.rounds < 0) {
    throw new RangeError(`it loops over more than ${ROUNDS_MAX.toLocaleString('en')} elements`);
  }
  return true;
}

function pay(work: number): void {
  left.work -= work;
  if (left.work < 0) throw new RangeError('it is too much work; split it over steps');
}

/** Lists and maps do not change once they are made. */
const weights = new WeakMap<object, number>();

/** How many characters and elements a value has, with all that lies inside. */
export function weigh(value: unknown): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return value.length + 1;
  if (!isCelList(value) && !isCelMap(value)) return 1;
  const known = weights.get(value);
  if (known !== undefined) return known;
  let weight = 1;
  const inside: Iterable<unknown> = isCelMap(value) ? [...value.entries()].flat() : value;
  for (const part of inside) weight += weigh(part);
  weights.set(value, weight);
  return weight;
}

/** Pays for looking at a whole value, and gives it back. */
export function spend<Value>(value: Value): Value {
  pay(weigh(value));
  return value;
}

/** Refuses a new value that is too large; pays for one that is not, and gives it back. */
export function keep<Value>(value: Value): Value {
  const weight = weigh(value);
  checkWeight(weight);
  pay(weight);
  return value;
}

/** Refuses a value before it is made. */
export function checkWeight(weight: number): void {
  if (weight > WEIGHT_MAX)
    throw new RangeError('a value in it grows too large; split it over steps');
}

/** Joins two values that `join` puts together cheaply. */
export function concat<Value extends object | string>(
  first: Value,
  second: Value,
  join: () => Value,
): Value {
  const weight = weigh(first) + weigh(second);
  checkWeight(weight);
  pay(weigh(second) + weigh(first) / COPY_SHARE);
  const joined = join();
  if (typeof joined === 'object') weights.set(joined, weight);
  return joined;
}
