import type { Feedback } from '../../domain/feedback.ts';
import type { ProjectId } from '../../domain/ids.ts';
import type { DeliveryFact } from '../../services/metrics/facts/fact.ts';
import type { FeedbackStore } from '../../services/ports/feedback.ts';
import type { MeasureDeps } from '../../services/webhooks/delivering/measure-tries.ts';
import { pointOf, type Point } from './columns.ts';
import { POINTS_MAX, writePoints } from './observe.ts';

/** Shows the tries of a turn, which is one invocation: those beyond what the platform takes are not shown. */
export function tryPoints(
  dataset: AnalyticsEngineDataset | undefined,
): NonNullable<MeasureDeps['showTries']> {
  let left = POINTS_MAX;
  return (project, tries) => {
    const points = tries.flatMap(({ facts }) =>
      facts.flatMap((fact) => (fact.kind === 'delivery' ? [pointOfTry(project, fact)] : [])),
    );
    writePoints(dataset, points.slice(0, left));
    left = Math.max(0, left - points.length);
  };
}

function pointOfTry(project: ProjectId, fact: DeliveryFact): Point {
  const failed = fact.given_up === true ? 'given_up' : 'failed';
  return pointOf(
    project,
    {
      kind: 'delivery',
      outcome: fact.class === undefined ? 'delivered' : failed,
      failure_class: fact.class,
      endpoint: fact.endpoint,
    },
    { latency_ms: fact.latency_ms, attempt: fact.seq, lag_ms: fact.lag_ms },
  );
}

export function pointOfFeedback(project: ProjectId, feedback: Feedback): Point {
  const { pipeline, version, jobId, step, label, score } = feedback;
  return pointOf(
    project,
    {
      kind: 'feedback',
      pipeline,
      pipeline_version: String(version),
      job_id: jobId,
      outcome: score === null ? '' : 'scored',
      step: step ?? '',
      label: label ?? '',
    },
    { score: score ?? 0 },
  );
}

/** The store, with a point for what it adds. */
export function showingFeedback(
  store: FeedbackStore,
  dataset: AnalyticsEngineDataset | undefined,
): FeedbackStore {
  return {
    ...store,
    async add(project, feedback, ...more) {
      const added = await store.add(project, feedback, ...more);
      if (added.kind === 'added') writePoints(dataset, [pointOfFeedback(project, feedback)]);
      return added;
    },
  };
}
