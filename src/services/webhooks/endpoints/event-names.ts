import { webhookEventGroups, webhookEventTypes } from '../../../domain/webhook.ts';

/** Is sent by its own button, whatever a filter says. */
const TEST = 'webhook.test';
/** What one job can be the cause of. */
const JOB_GROUPS: ReadonlySet<string> = new Set(['job', 'step', 'review']);

/** What the filter of an endpoint may name. */
export const endpointEventNames: readonly string[] = namesOf(() => true);
/** What a job's own webhook may name. */
export const jobEventNames: readonly string[] = namesOf((group) => JOB_GROUPS.has(group));
/** What has been delivered may have any of these types. */
export const deliveredEventNames: readonly string[] = webhookEventTypes;

function namesOf(isMeant: (group: string) => boolean): readonly string[] {
  const types = webhookEventTypes.filter((type) => type !== TEST && isMeant(groupOf(type)));
  return ['*', ...webhookEventGroups.filter(isMeant).map((group) => `${group}.*`), ...types];
}

function groupOf(type: string): string {
  return type.slice(0, type.indexOf('.'));
}

const SHOWN_MAX = 3;

/** Says of a name that is none of the known ones which of them may be meant, or all of them. */
export function unknownName(name: string, known: readonly string[]): string {
  const said = JSON.stringify(name.slice(0, 80));
  const near = nearestNames(name, known);
  return near.length > 0
    ? `${said} is not an event here; did you mean ${near.join(' or ')}?`
    : `${said} is not an event here; there are ${known.join(', ')}`;
}

/** The most alike first, and none that would take more than a third of the letters to correct. */
export function nearestNames(name: string, known: readonly string[]): readonly string[] {
  const wanted = name.slice(0, 80).toLowerCase();
  const reach = Math.max(2, Math.floor(wanted.length / 3));
  return known
    .map((each) => ({ each, distance: editDistance(wanted, each) }))
    .filter(({ distance }) => distance <= reach)
    .toSorted((left, right) => left.distance - right.distance)
    .slice(0, SHOWN_MAX)
    .map(({ each }) => each);
}

/** Letters to insert, remove or replace (V. Levenshtein, 1966). */
function editDistance(from: string, to: string): number {
  let above = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [row, letter] of from.split('').entries()) {
    const current = [row + 1];
    for (const [column, other] of to.split('').entries()) {
      const replaced = (above[column] ?? 0) + (letter === other ? 0 : 1);
      const removed = (above[column + 1] ?? 0) + 1;
      const inserted = (current[column] ?? 0) + 1;
      current.push(Math.min(replaced, removed, inserted));
    }
    above = current;
  }
  return above.at(-1) ?? 0;
}
