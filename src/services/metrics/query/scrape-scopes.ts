import { DEPLOYMENT } from '../../../domain/ids.ts';
import type { StoredSums } from '../../ports/metrics-store.ts';
import { hourOf } from '../facts/fact.ts';
import { OTHERS } from '../rollup/stored-rollup.ts';

/** Whose series a scrape tells together, and how many of them at most. */
export type ScrapeScope = {
  /** Stand before those of each series. */
  readonly labels: Readonly<Record<string, string>>;
  readonly units: readonly StoredSums[];
  /** Of one metric; what is beyond is one more, under `(others)`. */
  readonly seriesMax: { readonly sum: number; readonly distribution: number };
};

/** Projects that are told apart: those that began first in the day, so that a later one puts none out of its place. */
const PROJECTS_MAX = 50;
/** So many may have as many series as a project that is scraped alone has. */
const FEW_PROJECTS = 5;
const ALONE = { sum: 200, distribution: 200 };
const OF_FEW = { sum: 200, distribution: 50 };
/** So a metric of the whole deployment has about a thousand series at most. */
const OF_MANY = { sum: 20, distribution: 5 };

/** What is scraped with a key of a project. */
export function projectScope(units: readonly StoredSums[]): readonly ScrapeScope[] {
  return [{ labels: {}, units, seriesMax: ALONE }];
}

/** What is scraped of the deployment: each project for itself, and all that are too many together. */
export function deploymentScopes(units: readonly StoredSums[]): readonly ScrapeScope[] {
  const ofProjects = units.filter(({ project }) => project !== DEPLOYMENT);
  const byProject = Map.groupBy(ofProjects, ({ project }) => project);
  const ordered = [...byProject]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .toSorted(([, a], [, b]) => beganMs(a) - beganMs(b));
  const seriesMax = ordered.length <= FEW_PROJECTS ? OF_FEW : OF_MANY;
  const others = ordered.slice(PROJECTS_MAX).flatMap(([, of]) => of);
  return [
    ...ordered
      .slice(0, PROJECTS_MAX)
      .map(([project, of]) => ({ labels: { project }, units: of, seriesMax })),
    ...(others.length === 0 ? [] : [{ labels: { project: OTHERS }, units: others, seriesMax }]),
  ];
}

function beganMs(units: readonly StoredSums[]): number {
  return Math.min(...units.map(({ atMs }) => hourOf(atMs)));
}
