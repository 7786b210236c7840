import { expect } from 'vitest';

import type { EventView } from '../../../src/services/views/jobs/event-view.ts';
import type { JobView, ListedJobView } from '../../../src/services/views/jobs/job-schema.ts';
import type { Api } from '../support/api.ts';
import { eventsOf, listJobs, readJob } from '../support/jobs.ts';

const ENDS = /^job\.(succeeded|partially_succeeded|failed|cancelled|expired|timed_out)$/;
/** Jobs that are read at a time. */
const READERS = 8;

/** Every job of a project, as the list shows it. */
export async function listAll(api: Api, filter = ''): Promise<readonly ListedJobView[]> {
  const met: ListedJobView[] = [];
  for (let query = `?limit=100${filter}`; ;) {
    const { data, next_cursor: next } = await listJobs(api, query);
    met.push(...data);
    if (next === null) return met;
    query = `?limit=100${filter}&after=${next}`;
  }
}

/** Names the terminal events of a history. */
export function endsOf(events: readonly EventView[]): string[] {
  return events.filter(({ type }) => ENDS.test(type)).map(({ type }) => type);
}

/** No result is recorded twice, and none is missing of a step that succeeded. */
export function expectResultsUsedOnce(job: JobView, events: readonly EventView[], about: string) {
  const named = (type: string) => events.filter((event) => event.type === type);
  const steps = named('step.succeeded').map(({ step }) => step);
  const succeeded = job.steps.filter(({ status }) => status === 'succeeded');
  expect(steps.map(String).toSorted(), about).toEqual(succeeded.map(({ id }) => id).toSorted());
  const results = named('attempt.succeeded').map(({ step, item }) => `${step}[${item}]`);
  expect(new Set(results).size, about).toBe(results.length);
}

/** Calls a function for each item, a few at a time. */
async function forEachOf<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const left = [...items];
  const reader = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: READERS }, reader));
}

export type History = {
  readonly listed: ListedJobView;
  readonly job: JobView;
  readonly events: readonly EventView[];
};

/** Reads every listed job from its shard; `eventsOf` holds that no number is missing in a history. */
export async function historiesOf(api: Api, all: readonly ListedJobView[]): Promise<History[]> {
  const histories: History[] = [];
  await forEachOf(all, async (listed) => {
    const job = await readJob(api, listed.id);
    histories.push({ listed, job, events: await eventsOf(api, listed.id) });
  });
  return histories;
}

/** The fields of a job that its list shows, as its shard has them. */
export function asListed(job: JobView, listed: ListedJobView): object {
  const fields = Object.entries(job).filter(([name]) => name in listed);
  const { status_reason: reason } = job;
  return {
    ...Object.fromEntries(fields),
    status_reason: reason === null ? null : { code: reason.code },
  };
}
