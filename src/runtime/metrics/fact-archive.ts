import { z } from 'zod';

import type { ProjectId } from '../../domain/ids.ts';
import { jobFacts, type JobFacts } from '../../services/metrics/facts/fact.ts';

/**
 * Facts that have left the database: an object for each project and minute, in a folder for each day, one fact a line
 * (`application/x-ndjson`); of a minute with very many facts several objects, so that none is too large for the memory of
 * who adds to it. STORED CONTRACT, and read by other tools: fields are added as optional.
 */
export type FactArchive = {
  /** Tells of the facts of a minute, part by part; each once, unless another release has written it. */
  read(
    project: ProjectId,
    minuteMs: number,
    tell: (jobs: readonly JobFacts[]) => void,
  ): Promise<void>;
  /** For facts that come to a minute piece by piece. */
  adder(project: ProjectId, minuteMs: number): FactAdder;
};

/** Adds facts to those that lie there; each lies there once. False when another did at the same time. */
type FactAdder = (jobs: readonly FactsAsStored[]) => Promise<boolean>;

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

/** A part of at least this length is full: what more there is lies in the next. In bytes. */
const FULL_PART_BYTES = 2_000_000;

/** `2026-11-23T05:12` becomes `metrics/prj_…/facts/2026-11-23/0512.ndjson`, and its second part `0512-2.ndjson`. */
function keyOf(project: ProjectId, minuteMs: number, part: number): string {
  const [day = '', time = ''] = new Date(minuteMs).toISOString().split('T');
  const name = time.slice(0, 5).replace(':', '');
  return `metrics/${project}/facts/${day}/${name}${part === 1 ? '' : `-${part}`}.ndjson`;
}

export function makeFactArchive(bucket: R2Bucket): FactArchive {
  return {
    async read(project, minuteMs, tell) {
      for (let part = 1; ; part += 1) {
        const object = await bucket.get(keyOf(project, minuteMs, part));
        if (object === null) return;
        tell(parseLines(await object.text()));
        if (!isFull(object)) return;
      }
    },
    adder(project, minuteMs) {
      // Of parts that are full; they change no more.
      const known = new Set<string>();
      let part = 1;
      return async (jobs) => {
        const more = jobs.flatMap(({ facts, ...job }) =>
          facts.flatMap((fact) => readLine({ project, ...job, ...fact })),
        );
        for (; ; part += 1) {
          const key = keyOf(project, minuteMs, part);
          const object = await bucket.get(key);
          const lines = object === null ? [] : objectsIn(await object.text()).flatMap(readLine);
          const added = more.filter((one) => !known.has(nameOf(one)));
          if (added.length === 0) return true;
          if (object === null || !isFull(object)) {
            return put(bucket, key, object, [...lines, ...added]);
          }
          for (const one of lines) known.add(nameOf(one));
        }
      };
    },
  };
}

function isFull({ size }: R2Object): boolean {
  return size >= FULL_PART_BYTES;
}

/** False when the object is not any more what it was. */
async function put(
  bucket: R2Bucket,
  key: string,
  before: R2ObjectBody | null,
  lines: readonly Line[],
): Promise<boolean> {
  const written = await bucket.put(key, textOf(lines), {
    httpMetadata: { contentType: 'application/x-ndjson' },
    onlyIf: before === null ? { etagDoesNotMatch: '*' } : { etagMatches: before.etag },
  });
  return written !== null;
}

function nameOf({ job, seq }: Line): string {
  return `${job} ${seq}`;
}

function readLine(stored: unknown): Line[] {
  const parsed = line.safeParse(stored);
  return parsed.success ? [parsed.data] : [];
}

/** Each fact once, the first of its copies, in the order of their moments, so that the same facts make the same object. */
function textOf(lines: readonly Line[]): string {
  const each = new Map(lines.toReversed().map((one) => [nameOf(one), one]));
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
