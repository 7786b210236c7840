import { histogramOf } from './histogram.ts';
import type { Series, SetName } from './series.ts';

/** What a fact adds to one series. */
export type Share = { readonly set: SetName; readonly series: Series };
export type Amounts = Readonly<Record<string, number | undefined>>;

/** `values` in the order of the set's dimensions; `times` are added to distributions. */
export function share(
  set: SetName,
  values: readonly string[],
  sums: Amounts,
  times: Amounts,
): Share {
  return {
    set,
    series: {
      values,
      sums: new Map(
        given(sums).flatMap(([name, sum]) => (sum === 0 ? [] : [[name, BigInt(sum)] as const])),
      ),
      distributions: new Map(given(times).map(([name, ms]) => [name, histogramOf(ms)])),
    },
  };
}

function given(amounts: Amounts): [string, number][] {
  return Object.entries(amounts).flatMap(([name, amount]) =>
    amount === undefined || !Number.isFinite(amount) ? [] : [[name, Math.round(amount)]],
  );
}
