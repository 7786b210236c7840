import type { Actor } from '../../../domain/access.ts';
import { DEPLOYMENT } from '../../../domain/ids.ts';
import { targetName } from '../../../domain/model/target-gate.ts';
import { visibleTargets, type FindDeps } from '../../targets/find-targets.ts';
import { deploymentSets, type Rollup } from '../rollup/series.ts';
import type { MetricsDeps } from './metrics-deps.ts';
import { readWindow, type WindowRequest, type WindowSums } from './read-window.ts';

export type VisibleDeps = Pick<MetricsDeps, 'metrics'> & FindDeps;

/**
 * The sums of a window that an actor may see: those of its project, and of what is measured of the whole deployment its
 * queues and, but for the root key, the targets that the project may see.
 */
export async function readVisible(
  deps: VisibleDeps,
  actor: Actor,
  { sets, ...request }: Omit<WindowRequest, 'project' | 'storedOnly'>,
): Promise<WindowSums> {
  const { store } = deps.metrics;
  const own = sets.filter((set) => !deploymentSets.has(set));
  const shared = sets.filter((set) => deploymentSets.has(set));
  const sums = await Promise.all([
    ...(own.length === 0
      ? []
      : [readWindow(store, { ...request, project: actor.project, sets: own })]),
    ...(shared.length === 0 ? [] : [readShared(deps, actor, { ...request, sets: shared })]),
  ]);
  return {
    units: sums.flatMap(({ units }) => units),
    asOfMs: Math.min(...sums.map(({ asOfMs }) => asOfMs)),
  };
}

async function readShared(
  deps: VisibleDeps,
  actor: Actor,
  request: Omit<WindowRequest, 'project'>,
): Promise<WindowSums> {
  const read = readWindow(deps.metrics.store, { ...request, project: DEPLOYMENT });
  if (actor.isRoot || !request.sets.includes('targets')) return read;
  const [{ units, asOfMs }, visible] = await Promise.all([read, visibleTargets(deps, actor)]);
  const names = new Set(visible.map(targetName));
  return { units: units.map((unit) => ({ ...unit, rollup: only(unit.rollup, names) })), asOfMs };
}

/** Without the samples of other targets. */
function only(rollup: Rollup, names: ReadonlySet<string>): Rollup {
  const targets = [...rollup.targets].filter(([, { values }]) => {
    const [provider = '', model = ''] = values;
    return names.has(targetName({ provider, model }));
  });
  return { ...rollup, targets: new Map(targets) };
}
