import type { ProjectId } from '../../../domain/ids.ts';
import type { Budgets } from '../../../services/ports/budgets.ts';
import { FORGOTTEN_AFTER_MS, remembering, type Clock } from './remember.ts';

/**
 * Every call asks for its project's budgets: they are remembered as `remember.ts` says, also that there are none. While
 * D1 does not answer, what was known last holds.
 */
export function withRecentBudgets(budgets: Budgets, clock: Clock): Budgets {
  const list = remembering(clock, (project: ProjectId) => budgets.list(project), {
    keyOf: String,
    holdsWithoutAnswer: true,
  });
  const settled = async <Answer>(answer: Answer): Promise<Answer> => {
    await clock.wait(FORGOTTEN_AFTER_MS);
    return answer;
  };
  return {
    list: async (project) => (await list(project)) ?? [],
    add: async (budget) => settled(await budgets.add(budget)),
    update: async (project, id, change) => settled(await budgets.update(project, id, change)),
    delete: async (project, id) => settled(await budgets.delete(project, id)),
  };
}
