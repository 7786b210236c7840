import type { Failure } from '../../../domain/job/failure.ts';
import type { Json } from '../../../domain/json.ts';
import { MAP_ITEMS_MAX } from '../../../engine/advance.ts';
import type { PlannedStep } from '../../../engine/plan/plan.ts';
import { foreseeTemplate, unknownBecause, type Foreseen, type Foresight } from './foresight.ts';

/** What a step is given, for each item of its map or once. */
export type ForeseenInputs =
  | {
      readonly kind: 'known';
      /** Null for a step that is no map. */
      readonly items: number | null;
      readonly inputs: readonly Json[];
    }
  | { readonly kind: 'failure'; readonly items: number | null; readonly failure: Failure }
  | { readonly kind: 'unknown'; readonly items: number | null; readonly message: string };

/** Fills in a step's `with`, as often as it would be. */
export function foreseeInputs(
  foresight: Foresight,
  step: PlannedStep,
  budget: CharacterBudget,
): ForeseenInputs {
  if (step.forEach === null) {
    const input = foreseeTemplate(foresight, step.input);
    return gathered([input], null, 0, budget);
  }
  const list = foreseeTemplate(foresight, step.forEach.template);
  if (list.kind === 'unknown') {
    return {
      kind: 'unknown',
      items: null,
      message: `its \`for_each\` ${unknownBecause(list.reads)}`,
    };
  }
  if (list.kind === 'failure') return failed(`\`for_each\`: ${list.message}`, null);
  if (!Array.isArray(list.value)) return failed('`for_each`: its value is not a list', null);
  const items: readonly Json[] = list.value;
  if (items.length > MAP_ITEMS_MAX) {
    const message = `\`for_each\`: the list has ${items.length} items; a map takes at most ${MAP_ITEMS_MAX}`;
    return failed(message, items.length);
  }
  const filled: Foreseen[] = [];
  for (const [index, item] of items.entries()) {
    const input = foreseeTemplate(foresight, step.input, { item, index });
    filled.push(input);
    if (input.kind !== 'value' || budget.isSpent()) break;
  }
  return gathered(filled, items.length, items.length - filled.length, budget);
}

function gathered(
  filled: readonly Foreseen[],
  items: number | null,
  left: number,
  budget: CharacterBudget,
): ForeseenInputs {
  const inputs: Json[] = [];
  for (const input of filled) {
    if (input.kind === 'failure') return failed(`\`with\`: ${input.message}`, items);
    if (input.kind === 'unknown') {
      return { kind: 'unknown', items, message: `its \`with\` ${unknownBecause(input.reads)}` };
    }
    if (!budget.spend(input.value)) return { kind: 'unknown', items, message: TOO_MUCH };
    inputs.push(input.value);
  }
  if (left > 0) return { kind: 'unknown', items, message: TOO_MUCH };
  return { kind: 'known', items, inputs };
}

export const TOO_MUCH = 'is left out: the values before it are as many as one explanation looks at';

function failed(message: string, items: number | null): ForeseenInputs {
  return {
    kind: 'failure',
    items,
    failure: { class: 'expression_failed', phase: 'not_sent', message },
  };
}

/** Bounds how much one explanation computes: a Worker's clock stands still while it does. */
export type CharacterBudget = {
  /** False when the value is more than is left; then nothing more is looked at. */
  spend(value: Json): boolean;
  /** The same for text that is known by its length. */
  spendCharacters(count: number): boolean;
  isSpent(): boolean;
};

export function openBudget(charactersMax: number): CharacterBudget {
  let left = charactersMax;
  return {
    spend(value) {
      left -= JSON.stringify(value).length;
      return left >= 0;
    },
    spendCharacters(count) {
      left -= count;
      return left >= 0;
    },
    isSpent: () => left < 0,
  };
}
