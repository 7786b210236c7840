import { z } from 'zod';

import type { ProjectId } from '../../domain/ids.ts';
import { distinct, jobFacts, type JobFacts } from '../../services/metrics/facts/fact.ts';

/**
 * Facts that have left the database: an object for each project and minute, in a folder for each day, one fact a line
 * (`application/x-ndjson`). STORED CONTRACT, and read by other tools: fields are added as optional.
 */
export type FactArchive = {
  read(project: ProjectId, minuteMs: number): Promise<readonly JobFacts[]>;
  /** Adds facts to those that lie there; each lies there once. False when another did at the same time. */
  add(project: ProjectId, minuteMs: number, jobs: readonly JobFacts[]): Promise<boolean>;
};

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
      const known = object === null ? [] : parseLines(await object.text());
      const lines = linesOf(project, distinct([...known, ...jobs]));
      const written = await bucket.put(key, lines, {
        httpMetadata: { contentType: 'application/x-ndjson' },
        onlyIf: object === null ? { etagDoesNotMatch: '*' } : { etagMatches: object.etag },
      });
      return written !== null;
    },
  };
}

/** In the order of their moments, so that the same facts make the same object. */
function linesOf(project: ProjectId, jobs: readonly JobFacts[]): string {
  return jobs
    .flatMap(({ facts, ...job }) => facts.map((fact) => ({ project, ...job, ...fact })))
    .toSorted((a, b) => a.at - b.at || (a.job === b.job ? a.seq - b.seq : a.job < b.job ? -1 : 1))
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');
}

const ofJob = z.looseObject(jobFacts.omit({ facts: true }).shape);

function parseLines(text: string): JobFacts[] {
  return text.split('\n').flatMap((line) => {
    if (line === '') return [];
    const parsed: unknown = JSON.parse(line);
    const { job, pipeline, version, tags } = ofJob.parse(parsed);
    const { facts } = jobFacts.parse({ job, pipeline, version, facts: [parsed] });
    return [{ job, pipeline, version, ...(tags === undefined ? {} : { tags }), facts }];
  });
}
