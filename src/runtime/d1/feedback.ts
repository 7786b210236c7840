import { z } from 'zod';

import type { Feedback, FeedbackGroup, FeedbackSum } from '../../domain/feedback.ts';
import { isJobId, type ProjectId } from '../../domain/ids.ts';
import type { FeedbackFact, JobFacts } from '../../services/metrics/facts/fact.ts';
import type { FeedbackQuery, FeedbackStore } from '../../services/ports/feedback.ts';
import { statementsOfFacts } from './fact-rows.ts';

const texts = z.string().transform((json) => z.array(z.string()).parse(JSON.parse(json)));
const row = z.object({
  job_id: z.string(),
  id: z.string(),
  pipeline: z.string(),
  version: z.number(),
  step: z.string().nullable(),
  score: z.number().nullable(),
  label: z.string().nullable(),
  comment: z.string().nullable(),
  user: z.string().nullable(),
  personal_until: z.number().nullable(),
  models: texts,
  prompts: texts,
  by: z.string(),
  at: z.number(),
  body_sha256: z.string(),
});

/** One statement counts and adds, so that requests at once cannot add too much. */
const ADD = `
INSERT INTO feedback (project, job_id, id, pipeline, version, step, score, label, comment, user,
  personal_until, models, prompts, by, at, body_sha256)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16
WHERE (SELECT count(*) FROM feedback WHERE project = ?1 AND job_id = ?2) < ?17
ON CONFLICT DO NOTHING`;

const ERASE = `
UPDATE feedback SET comment = NULL, user = NULL, personal_until = NULL WHERE personal_until <= ?1`;

/** What users say of jobs, in D1. `unmeasured`: it is counted in its own sums only. */
export function makeFeedback(db: D1Database, { unmeasured = false } = {}): FeedbackStore {
  return {
    async add(project, feedback, bodySha256, most) {
      const added = db.prepare(ADD).bind(project, ...columnsOf(feedback), bodySha256, most);
      const counted = unmeasured ? [] : statementsOfFeedback(db, project, feedback);
      const [result] = await db.batch([added, ...counted]);
      if ((result?.meta.changes ?? 0) > 0) return { kind: 'added' };
      const known = await db
        .prepare('SELECT * FROM feedback WHERE project = ?1 AND job_id = ?2 AND id = ?3')
        .bind(project, feedback.jobId, feedback.id)
        .first();
      if (known === null) return { kind: 'full' };
      const { body_sha256: before } = row.parse(known);
      if (before !== bodySha256) return { kind: 'different' };
      const [same] = feedbackOf(known, feedback.atMs);
      return same === undefined ? { kind: 'full' } : { kind: 'known', feedback: same };
    },
    async list(project, jobId, nowMs) {
      const { results } = await db
        .prepare('SELECT * FROM feedback WHERE project = ?1 AND job_id = ?2 ORDER BY at, id')
        .bind(project, jobId)
        .all();
      return results.flatMap((each) => feedbackOf(each, nowMs));
    },
    async sum(project, query, limit) {
      const [groups, labels] = await db.batch(
        [sumsOf(query.groupBy), labelsOf(query.groupBy)].map((sql) =>
          db
            .prepare(sql)
            .bind(project, query.fromMs, query.toMs, query.pipeline, query.version, limit),
        ),
      );
      return sums(query, groups?.results ?? [], labels?.results ?? []);
    },
  };
}

/**
 * Counts it in the transaction that stores it, and only if it does. What was stored before has another moment; at the same
 * moment it has the same fact, and its batch lies there already.
 */
function statementsOfFeedback(
  db: D1Database,
  project: ProjectId,
  feedback: Feedback,
): D1PreparedStatement[] {
  const { jobId, id, atMs } = feedback;
  const stored = {
    sql: 'EXISTS (SELECT 1 FROM feedback WHERE project = ?2 AND job_id = ?3 AND id = ?4 AND at = ?5)',
    bindings: [project, jobId, id, atMs],
  };
  return statementsOfFacts(db, [{ project, facts: factOf(feedback) }], id, stored);
}

/** Named by itself: the numbers of its job's facts are those of events. */
function factOf({ id, pipeline, version, step, label, score, atMs }: Feedback): JobFacts {
  const fact: FeedbackFact = {
    kind: 'feedback',
    seq: 1,
    at: atMs,
    ...(step === null ? {} : { step }),
    ...(label === null ? {} : { label }),
    ...(score === null ? {} : { score }),
  };
  return { job: id, pipeline, version, facts: [fact] };
}

function columnsOf(feedback: Feedback) {
  const { jobId, id, pipeline, version, step, score, label, comment, user } = feedback;
  const { personalUntilMs, models, prompts, by, atMs } = feedback;
  const said = [jobId, id, pipeline, version, step, score, label, comment, user];
  return [...said, personalUntilMs, JSON.stringify(models), JSON.stringify(prompts), by, atMs];
}

/** Erases comments and users whose jobs' payloads are gone. */
export async function erasePersonalFeedback(db: D1Database, nowMs: number): Promise<number> {
  const { meta } = await db.prepare(ERASE).bind(nowMs).run();
  return meta.changes;
}

/** A list of one; of none if it is not of a job, which no writer of ours writes. */
function feedbackOf(stored: unknown, nowMs: number): Feedback[] {
  const { job_id: jobId, personal_until: until, at, body_sha256: _, ...rest } = row.parse(stored);
  if (!isJobId(jobId)) return [];
  // The sweep comes once an hour; what is due is not shown before either.
  const isDue = until !== null && until <= nowMs;
  const personal = isDue ? { comment: null, user: null } : {};
  return [{ ...rest, ...personal, jobId, personalUntilMs: isDue ? null : until, atMs: at }];
}

/** What rows are grouped by; a list counts for each of its members. */
const GROUP: Readonly<Record<FeedbackGroup, string>> = {
  pipeline: 'feedback.pipeline',
  version: "feedback.pipeline || '@' || feedback.version",
  step: "feedback.pipeline || '/' || coalesce(feedback.step, '(job)')",
  model: 'part.value',
  prompt: "feedback.pipeline || '/' || part.value",
  by: 'feedback.by',
};

function fromOf(groupBy: FeedbackGroup): string {
  const part =
    groupBy === 'model' || groupBy === 'prompt' ? `, json_each(feedback.${groupBy}s) AS part` : '';
  return `FROM feedback${part}
WHERE project = ?1 AND at >= ?2 AND at < ?3 AND (?4 IS NULL OR pipeline = ?4)
  AND (?5 IS NULL OR version = ?5)`;
}

function sumsOf(groupBy: FeedbackGroup): string {
  return `
SELECT ${GROUP[groupBy]} AS grp, min(pipeline) AS pipeline, count(DISTINCT pipeline) AS pipelines,
  count(*) AS count, count(score) AS scores, avg(score) AS mean, min(score) AS least,
  max(score) AS most, count(comment) AS comments
${fromOf(groupBy)} GROUP BY grp ORDER BY count DESC, grp LIMIT ?6`;
}

/** Labels of the groups that are shown, and only the most frequent ones: callers make them up. */
const LABELS_MAX = 20;
function labelsOf(groupBy: FeedbackGroup): string {
  return `
SELECT grp, label, count FROM (
  SELECT grp, label, count, row_number() OVER (PARTITION BY grp ORDER BY count DESC, label) AS place
  FROM (SELECT ${GROUP[groupBy]} AS grp, label, count(*) AS count ${fromOf(groupBy)}
    AND label IS NOT NULL GROUP BY grp, label)
) WHERE place <= ${LABELS_MAX} AND ?6 > 0`;
}

const sumRow = z.object({
  grp: z.string(),
  pipeline: z.string(),
  pipelines: z.number(),
  count: z.number(),
  scores: z.number(),
  mean: z.number().nullable(),
  least: z.number().nullable(),
  most: z.number().nullable(),
  comments: z.number(),
});
const labelRow = z.object({ grp: z.string(), label: z.string(), count: z.number() });

function sums(
  { groupBy }: Pick<FeedbackQuery, 'groupBy'>,
  groups: readonly unknown[],
  labels: readonly unknown[],
): FeedbackSum[] {
  const byGroup = Map.groupBy(
    labels.map((each) => labelRow.parse(each)),
    ({ grp }) => grp,
  );
  return groups.map((each) => {
    const { grp, pipeline, pipelines, count, scores, mean, least, most, comments } =
      sumRow.parse(each);
    const isOfOne = groupBy !== 'model' && groupBy !== 'by' && pipelines === 1;
    return {
      pipeline: isOfOne ? pipeline : null,
      group: grp,
      count,
      scores,
      meanScore: mean,
      minScore: least,
      maxScore: most,
      comments,
      labels: (byGroup.get(grp) ?? []).map((one) => [one.label, one.count] as const),
    };
  });
}
