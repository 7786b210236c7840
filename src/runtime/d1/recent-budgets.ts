import type { Budget } from '../../domain/budget.ts';
import type { ProjectId } from '../../domain/ids.ts';
import type { Budgets } from '../../services/ports/budgets.ts';
import type { Machine } from '../../services/ports/runtime.ts';

/**
 * Every call asks for its project's budgets: each isolate remembers them for a second, also that there are none.
 * Nobody works by older ones all the same: whoever changes them is answered only when every memory of what was before
 * has run out. While D1 does not answer, what was known last holds.
 */
const KEPT_MS = 1_000;
/** Longer than `KEPT_MS` by what a Worker's clock, which stands still while it computes, may lag behind. */
const FORGOTTEN_AFTER_MS = 1_200;
const PROJECTS_MAX = 1_000;

type Known = { readonly budgets: readonly Budget[]; readonly askedAtMs: number };

export function withRecentBudgets(
  budgets: Budgets,
  clock: Pick<Machine, 'nowMs' | 'wait'>,
): Budgets {
  const recent = new Map<ProjectId, Known>();
  const settled = async <Answer>(answer: Answer): Promise<Answer> => {
    await clock.wait(FORGOTTEN_AFTER_MS);
    return answer;
  };
  return {
    async list(project) {
      const askedAtMs = clock.nowMs();
      const known = recent.get(project);
      const ageMs = askedAtMs - (known?.askedAtMs ?? 0);
      if (known !== undefined && ageMs >= 0 && ageMs < KEPT_MS) return known.budgets;
      try {
        const list = await budgets.list(project);
        if (recent.size >= PROJECTS_MAX) recent.clear();
        recent.set(project, { budgets: list, askedAtMs });
        return list;
      } catch (error) {
        if (known === undefined) throw error;
        return known.budgets;
      }
    },
    add: async (budget) => settled(await budgets.add(budget)),
    update: async (budget) => settled(await budgets.update(budget)),
    delete: async (project, id) => settled(await budgets.delete(project, id)),
  };
}
