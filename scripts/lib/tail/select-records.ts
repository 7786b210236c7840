import { logLevels, type LogLevel } from '../../../src/services/ports/log.ts';
import { TALK_OF_TAIL, type LogRecord } from './records.ts';

export type Wanted = {
  readonly job?: string | undefined;
  /** `name`, or `name@3`. */
  readonly pipeline?: string | undefined;
  readonly project?: string | undefined;
  readonly trace?: string | undefined;
  readonly level?: LogLevel | undefined;
};

/**
 * Says of each record whether it is wanted. Of a job everything is wanted that names it, and what names no job but a
 * request or trace that a line of the job has named before. So is what its children do, and what runs in them.
 */
export function makeSelection(wanted: Wanted): (record: LogRecord) => boolean {
  const ofJob = wanted.job === undefined ? () => true : makeJobFollower(wanted.job);
  const ofPipeline =
    wanted.pipeline === undefined ? () => true : makePipelineFollower(wanted.pipeline);
  return (record) => {
    if (record.event === TALK_OF_TAIL) return true;
    const { project, trace_id: trace } = record.fields;
    // Every condition sees every record: they learn from lines that others leave out.
    const verdicts = [
      ofJob(record),
      ofPipeline(record),
      wanted.project === undefined || project === wanted.project,
      wanted.trace === undefined || trace === wanted.trace,
      isAtLeast(record.level, wanted.level),
    ];
    return verdicts.every(Boolean);
  };
}

function isAtLeast(level: LogLevel, least: LogLevel = 'debug'): boolean {
  return logLevels.indexOf(level) >= logLevels.indexOf(least);
}

function makeJobFollower(job: string): (record: LogRecord) => boolean {
  const jobs = new Set([job]);
  const others = new Set<string>();
  return ({ event, fields }) => {
    const { job_id: jobId, parent, request_id: request, trace_id: trace } = fields;
    if (event === 'job.accepted' && isKnown(jobs, parent)) add(jobs, jobId);
    if (typeof jobId !== 'string') {
      return isKnown(others, request) || isKnown(others, trace) || namesOneOf(jobs, fields);
    }
    if (!jobs.has(jobId)) return false;
    add(others, request);
    add(others, trace);
    return true;
  };
}

/** Lines of a job that do not name its pipeline belong to it too, once one has. */
function makePipelineFollower(pipeline: string): (record: LogRecord) => boolean {
  const jobs = new Set<string>();
  return ({ fields }) => {
    const { pipeline: name, job_id: jobId } = fields;
    if (typeof name !== 'string') return isKnown(jobs, jobId) || namesOneOf(jobs, fields);
    if (name !== pipeline && !name.startsWith(`${pipeline}@`)) return false;
    add(jobs, jobId);
    return true;
  };
}

/** True for a line about several jobs, one of which is meant. */
function namesOneOf(known: ReadonlySet<string>, { jobs }: LogRecord['fields']): boolean {
  return Array.isArray(jobs) && jobs.some((job) => isKnown(known, job));
}

function isKnown(set: ReadonlySet<string>, value: unknown): boolean {
  return typeof value === 'string' && set.has(value);
}

function add(set: Set<string>, value: unknown): void {
  if (typeof value === 'string') set.add(value);
}
