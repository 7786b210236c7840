import type { PricedExecution, ProjectPrice } from '../domain/model/price.ts';
import { ratesOf, type RateCard } from './rate-card.ts';

type Asked = {
  readonly provider: string;
  readonly model: string;
  readonly execution: PricedExecution;
  readonly nowMs: number;
};

/**
 * What a project pays by its own prices; null when none of them is about the call. Of several the one that spells out
 * most of the model's name wins. Where a project has a price of its own for a model but none for batches of it, what
 * a batch costs is not known: the list's discount is not the project's.
 */
export function projectCard(prices: readonly ProjectPrice[], asked: Asked): RateCard | null {
  const about = prices
    .filter((price) => price.provider === asked.provider && isEffective(price, asked.nowMs))
    .filter((price) => matchesModel(price.model, asked.model))
    .toSorted((a, b) => spelledOut(b) - spelledOut(a) || (a.model < b.model ? -1 : 1));
  const [first] = about;
  if (first === undefined) return null;
  const chosen = about.find(({ execution }) => execution === asked.execution);
  return chosen === undefined
    ? { version: `project/${first.id}`, rates: {} }
    : { version: `project/${chosen.id}`, rates: ratesOf(chosen.prices) };
}

function isEffective({ effectiveFromMs, effectiveToMs }: ProjectPrice, nowMs: number): boolean {
  return effectiveFromMs <= nowMs && (effectiveToMs === null || nowMs < effectiveToMs);
}

function spelledOut({ model }: ProjectPrice): number {
  // A name without a star is more than any that has one.
  return model.includes('*') ? model.replaceAll('*', '').length : Number.MAX_SAFE_INTEGER;
}

/** `*` stands for any text, also none; everything else for itself. */
export function matchesModel(pattern: string, model: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return model === pattern;
  if (!model.startsWith(first)) return false;
  let from = first.length;
  for (const part of rest) {
    const at = model.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return model.length - last.length >= from && model.endsWith(last);
}
