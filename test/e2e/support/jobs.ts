import { expect } from 'vitest';

import type { EventView } from '../../../src/services/views/jobs/event-view.ts';
import type { JobView, ListedJobView } from '../../../src/services/views/jobs/job-schema.ts';
import type { Answer, Api, Sending } from './api.ts';
import { until } from './until.ts';

export type Page<Item> = {
  readonly data: readonly Item[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
};

/** Publishes a definition under its name and gives its version's number. */
export async function publish(
  api: Api,
  definition: Readonly<Record<string, unknown>> & { readonly name: string },
): Promise<number> {
  const answer = await api.send<{ version: number }>(
    'PUT',
    `/v1/pipelines/${definition.name}`,
    definition,
  );
  expect([200, 201], answer.text).toContain(answer.status);
  return answer.body.version;
}

/** Submits a job as it stands, whatever the answer. */
export function post(api: Api, body: unknown, headers: Sending['headers'] = {}) {
  return api.send<JobView>('POST', '/v1/jobs', body, { headers });
}

/** Submits a job that has to be accepted. */
export async function submit(
  api: Api,
  body: unknown,
  headers: Sending['headers'] = {},
): Promise<JobView> {
  const answer = await post(api, body, headers);
  expect([200, 202], answer.text).toContain(answer.status);
  return answer.body;
}

export async function readJob(api: Api, id: string, query = ''): Promise<JobView> {
  const answer = await api.send<JobView>('GET', `/v1/jobs/${id}${query}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}

/** Waits until a job is over. */
export async function ended(api: Api, id: string, withinMs?: number): Promise<JobView> {
  return jobWhen(api, id, (job) => job.terminal, withinMs);
}

/** Waits until a job looks as wanted. */
export async function jobWhen(
  api: Api,
  id: string,
  wanted: (job: JobView) => boolean,
  withinMs?: number,
): Promise<JobView> {
  return until(
    `${id} as wanted`,
    async () => {
      const job = await readJob(api, id);
      return wanted(job) && job;
    },
    withinMs,
  );
}

/** Submits a job and waits for its end. */
export async function run(api: Api, body: unknown): Promise<JobView> {
  const { id } = await submit(api, body);
  return ended(api, id);
}

export function cancel(api: Api, id: string): Promise<Answer<JobView>> {
  return api.send<JobView>('POST', `/v1/jobs/${id}/cancel`);
}

/** The whole history of a job, read in pages, and checked for what holds of every history. */
export async function eventsOf(api: Api, id: string, limit = 1_000): Promise<readonly EventView[]> {
  const events: EventView[] = [];
  for (;;) {
    const after = events.at(-1)?.seq ?? 0;
    const page = await api.send<Page<EventView>>(
      'GET',
      `/v1/jobs/${id}/events?after=${after}&limit=${limit}`,
    );
    expect(page.status, page.text).toBe(200);
    events.push(...page.body.data);
    if (!page.body.has_more) break;
    expect(page.body.next_cursor).toBe(String(events.at(-1)?.seq));
  }
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  expect(new Set(events.map((event) => event.job_id))).toEqual(new Set([id]));
  const times = events.map(({ at }) => Date.parse(at));
  expect(times).toEqual(times.toSorted((left, right) => left - right));
  return events;
}

export function typesOf(events: readonly EventView[]): string[] {
  return events.map(({ type }) => type);
}

/** Reads a page of the project's jobs. */
export async function listJobs(api: Api, query = ''): Promise<Page<ListedJobView>> {
  const answer = await api.send<Page<ListedJobView>>('GET', `/v1/jobs${query}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}

/** Waits until the list, which is a moment behind, shows exactly these jobs, and gives them. */
export async function listedWhen(
  api: Api,
  ids: readonly string[],
  query = '?limit=100',
  wanted: (job: ListedJobView) => boolean = () => true,
): Promise<readonly ListedJobView[]> {
  return until(`a list of ${ids.join(', ')}`, async () => {
    const { data } = await listJobs(api, query);
    const shown = data.filter(wanted).map(({ id }) => id);
    const all = ids.every((id) => shown.includes(id)) && shown.length === ids.length;
    return all && data;
  });
}
