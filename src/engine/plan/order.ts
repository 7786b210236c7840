type Node = { readonly id: string; readonly needs: readonly string[] };

/**
 * Sorts steps so that each follows what it needs, keeping the author's order where there is a choice. When
 * steps wait for each other, `cycle` names one such ring in the order in which they wait.
 */
export function orderSteps<Step extends Node>(
  steps: readonly Step[],
): { readonly steps: readonly Step[]; readonly cycle: readonly string[] | null } {
  const ordered: Step[] = [];
  const placed = new Set<string>();
  let remaining = [...steps];
  while (remaining.length > 0) {
    const ready = remaining.filter((step) => step.needs.every((need) => placed.has(need)));
    if (ready.length === 0) return { steps: ordered, cycle: findCycle(remaining) };
    for (const step of ready) {
      ordered.push(step);
      placed.add(step.id);
    }
    remaining = remaining.filter((step) => !placed.has(step.id));
  }
  return { steps: ordered, cycle: null };
}

/** Follows unplaced needs until a step comes round again; every remaining step has at least one. */
function findCycle(remaining: readonly Node[]): string[] {
  const byId = new Map(remaining.map((step) => [step.id, step]));
  const trail: string[] = [];
  let current = remaining[0];
  while (current !== undefined) {
    const seen = trail.indexOf(current.id);
    if (seen !== -1) return trail.slice(seen);
    trail.push(current.id);
    const next: string | undefined = current.needs.find((need) => byId.has(need));
    current = next === undefined ? undefined : byId.get(next);
  }
  return trail;
}
