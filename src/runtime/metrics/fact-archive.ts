import { z } from 'zod';

import type { ProjectId } from '../../domain/ids.ts';
import { jobFacts, type JobFacts } from '../../services/metrics/facts/fact.ts';

/**
 * Facts that have left the database: an object for each project and minute, in a folder for each day, one fact a line
 * (`application/x-ndjson`). STORED CONTRACT, and read by other tools: fields are added as optional.
 */
export type FactArchive = {
  read(project: ProjectId, minuteMs: number): Promise<readonly JobFacts[]>;
  /** Adds facts to those that lie there; each lies there once. False when another did at the same time. */
  add(project: ProjectId, minuteMs: number, jobs: readonly FactsAsStored[]): Promise<boolean>;
};

/** Facts of one job with all that a later release has written in them. */
export const factsAsStored = z.looseObject({
  ...jobFacts.omit({ facts: true }).shape,
  facts: z.array(z.looseObject({})),
});
type FactsAsStored = z.infer<typeof factsAsStored>;

/** What names a fact, and its place; what else a line has is kept as it is. */
const line = z.looseObject({
  project: z.string(),
  job: z.string(),
  pipeline: z.string(),
  version: z.number(),
  kind: z.string(),
  seq: z.number(),
  at: z.number(),
});
type Line = z.infer<typeof line>;

/** `2026-11-23T05:12` becomes `metrics/prj_…/facts/2026-11-23/0512.ndjson`. */
function keyOf(project: ProjectId, minuteMs: number): string {
  const [day = '', time = ''] = new Date(minuteMs).toISOString().split('T');
  return `metrics/${project}/facts/${day}/${time.slice(0, 5).replace(':', '')}.ndjson`;
}

export function makeFactArchive(bucket: R2Bucket): FactArchive {
  return {
    async read(project, minuteMs) {
      const object = await bucket.get(keyOf(project, minuteMs));
      return object === null ? [] : parseLines(await object.text());
    },
    async add(project, minuteMs, jobs) {
      const key = keyOf(project, minuteMs);
      const object = await bucket.get(key);
      const known = object === null ? [] : objectsIn(await object.text());
      const added = jobs.flatMap(({ facts, ...job }) =>
        facts.map((fact) => ({ project, ...job, ...fact })),
      );
      const lines = textOf([...known, ...added].flatMap(readLine));
      const written = await bucket.put(key, lines, {
        httpMetadata: { contentType: 'application/x-ndjson' },
        onlyIf: object === null ? { etagDoesNotMatch: '*' } : { etagMatches: object.etag },
      });
      return written !== null;
    },
  };
}

function readLine(stored: unknown): Line[] {
  const parsed = line.safeParse(stored);
  return parsed.success ? [parsed.data] : [];
}

/** Each fact once, the first of its copies, in the order of their moments, so that the same facts make the same object. */
function textOf(lines: readonly Line[]): string {
  const each = new Map(lines.toReversed().map((one) => [`${one.job} ${one.seq}`, one]));
  return [...each.values()]
    .toSorted((a, b) => a.at - b.at || (a.job === b.job ? a.seq - b.seq : a.job < b.job ? -1 : 1))
    .map((one) => `${JSON.stringify(one)}\n`)
    .join('');
}

function objectsIn(text: string): unknown[] {
  return text.split('\n').flatMap((one): unknown[] => (one === '' ? [] : [JSON.parse(one)]));
}

const ofJob = z.looseObject(jobFacts.omit({ facts: true }).shape);

function parseLines(text: string): JobFacts[] {
  return objectsIn(text).map((parsed) => {
    const { job, pipeline, version, tags } = ofJob.parse(parsed);
    const { facts } = jobFacts.parse({ job, pipeline, version, facts: [parsed] });
    return { job, pipeline, version, ...(tags === undefined ? {} : { tags }), facts };
  });
}
