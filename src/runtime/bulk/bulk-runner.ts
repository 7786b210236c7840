import type { Bulk } from '../../domain/bulk.ts';
import type { Deed } from '../../services/bulk/act-on-job.ts';
import { jobFilterOf } from '../../services/bulk/manage-bulks.ts';
import type { BulkIndex } from '../../services/ports/bulk.ts';
import type { IndexedJob, JobIndex } from '../../services/ports/job-index.ts';
import { errorName, type Log } from '../../services/ports/log.ts';

/** What a bulk action needs of the world. */
export type BulkPorts = {
  load(): Bulk | null;
  save(bulk: Bulk): void;
  /** Removes all that is stored. */
  erase(): Promise<void>;
  setAlarm(atMs: number): void;
  nowMs(): number;
  readonly jobIndex: JobIndex;
  readonly bulkIndex: BulkIndex;
  /** Does to one job what the bulk action says; may be asked twice for the same one. */
  act(bulk: Bulk, job: IndexedJob): Promise<Deed>;
  readonly log: Log;
};

/** Jobs dealt with in one firing, so that a firing stays short. */
const CHUNK_MAX = 25;
/** Jobs counted in one firing of a dry run. */
const COUNTED_MAX = 500;
const FAILURES_KEPT = 20;
/** After this many tries in vain a job counts as failed. */
const TRIES_MAX = 8;
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 60_000;
/** How long an action is kept after its end. */
const KEPT_MS = 90 * 86_400_000;
const TELL_AGAIN_MS = 30_000;

/**
 * One bulk action: its alarm works through the jobs that the filter finds, newest first, as fast as the rate
 * allows. Cursor and counts are stored after every job, so a kill at any moment repeats one job at most, and that
 * job's idempotency key keeps the repetition from doing anything.
 */
export class BulkRunner {
  readonly #ports: BulkPorts;

  constructor(ports: BulkPorts) {
    this.#ports = ports;
  }

  async start(bulk: Bulk): Promise<Bulk> {
    const known = this.#ports.load();
    if (known !== null) return known;
    this.#ports.save(bulk);
    this.#arm(bulk.nextAtMs);
    await this.#tell();
    return this.#ports.load() ?? bulk;
  }

  /** Puts an alarm back that is missing. */
  ensureAlarm(): void {
    const bulk = this.#ports.load();
    if (bulk?.status === 'running') this.#arm(Math.max(bulk.nextAtMs, this.#ports.nowMs()));
  }

  read(): Bulk | null {
    return this.#ports.load();
  }

  async abort(): Promise<Bulk | null> {
    const bulk = this.#ports.load();
    if (bulk?.status !== 'running') return bulk;
    this.#end(bulk, 'aborted');
    await this.#tell();
    return this.#ports.load();
  }

  /** May fire twice, late, and again after a kill in the middle. It never throws. */
  async alarm(): Promise<void> {
    try {
      await this.#tell();
      await this.#goOn();
    } catch (error) {
      this.#ports.log('error', 'bulk.alarm_failed', {
        bulk_id: this.#ports.load()?.id ?? null,
        error: errorName(error),
      });
      this.#tryLater();
    }
  }

  async #goOn(): Promise<void> {
    const bulk = this.#ports.load();
    if (bulk === null) return;
    if (bulk.status !== 'running') {
      await this.#retire(bulk);
      return;
    }
    if (this.#ports.nowMs() < bulk.nextAtMs) {
      this.#arm(bulk.nextAtMs);
      return;
    }
    await this.#chunk(bulk);
  }

  /** Deals with the next jobs. The time of the jobs after them is stored first, so that no kill breaks the rate. */
  async #chunk(bulk: Bulk): Promise<void> {
    const { jobIndex } = this.#ports;
    const size = bulk.dryRun ? COUNTED_MAX : Math.min(CHUNK_MAX, bulk.ratePerSecond);
    const wanted = Math.min(size, bulk.limit - bulk.counts.matched);
    const spacingMs = bulk.dryRun ? 0 : Math.ceil((wanted * 1_000) / bulk.ratePerSecond);
    const nextAtMs = this.#ports.nowMs() + spacingMs;
    this.#ports.save({ ...bulk, nextAtMs });
    const jobs = wanted > 0 ? await jobIndex.list(bulk.project, jobFilterOf(bulk), wanted) : [];
    for (const job of jobs) {
      if (!(await this.#dealWith(job))) return;
    }
    const now = this.#ports.load();
    if (now?.status !== 'running') return;
    if (jobs.length < wanted || now.counts.matched >= now.limit) {
      this.#end(now, 'succeeded');
      await this.#tell();
    } else this.#arm(nextAtMs);
  }

  /** Acts on a job and stores what became of it; false when the action is to stop here. */
  async #dealWith(job: IndexedJob): Promise<boolean> {
    const bulk = this.#ports.load();
    if (bulk?.status !== 'running') return false;
    const deed = bulk.dryRun ? null : await this.#act(bulk, job);
    // Someone may have aborted it meanwhile; what was done is counted all the same.
    const now = this.#ports.load();
    if (now === null) return false;
    if (deed?.kind === 'later') {
      this.#tryLater();
      return false;
    }
    this.#ports.save(after(now, job, deed));
    return true;
  }

  async #act(bulk: Bulk, job: IndexedJob): Promise<Deed> {
    try {
      return orFailed(await this.#ports.act(bulk, job), bulk.tries);
    } catch (error) {
      this.#ports.log('warn', 'bulk.job_failed', {
        bulk_id: bulk.id,
        job_id: job.id,
        error: errorName(error),
      });
      return orFailed({ kind: 'later' }, bulk.tries);
    }
  }

  #tryLater(): void {
    const bulk = this.#ports.load();
    if (bulk?.status !== 'running') {
      this.#arm(this.#ports.nowMs() + RETRY_MAX_MS);
      return;
    }
    const delayMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(bulk.tries, 10));
    const nextAtMs = this.#ports.nowMs() + delayMs;
    this.#ports.save({ ...bulk, tries: bulk.tries + 1, nextAtMs });
    this.#arm(nextAtMs);
  }

  #end(bulk: Bulk, status: 'succeeded' | 'aborted'): void {
    const finishedAtMs = this.#ports.nowMs();
    this.#ports.save({ ...bulk, status, finishedAtMs });
    this.#arm(finishedAtMs + KEPT_MS);
  }

  /**
   * Copies its beginning and its end to D1; what cannot be told now is told later. It may have ended while its
   * beginning was told: then it is told once more, because nobody knows which of the two came last.
   */
  async #tell(): Promise<void> {
    for (;;) {
      const bulk = this.#ports.load();
      if (bulk === null || bulk.told === bulk.status) return;
      if (!(await this.#put(bulk))) return;
      const now = this.#ports.load();
      if (now === null) return;
      this.#ports.save({ ...now, told: bulk.status });
    }
  }

  async #put(bulk: Bulk): Promise<boolean> {
    try {
      await this.#ports.bulkIndex.put(bulk);
      return true;
    } catch (error) {
      this.#ports.log('warn', 'bulk.not_told', {
        bulk_id: bulk.id,
        error: errorName(error),
      });
      if (bulk.status !== 'running') this.#arm(this.#ports.nowMs() + TELL_AGAIN_MS);
      return false;
    }
  }

  /** Forgets an action whose time is over. */
  async #retire({ project, id, status, told, finishedAtMs }: Bulk): Promise<void> {
    const dueAtMs = (finishedAtMs ?? 0) + KEPT_MS;
    if (this.#ports.nowMs() < dueAtMs) {
      this.#arm(told === status ? dueAtMs : this.#ports.nowMs() + TELL_AGAIN_MS);
      return;
    }
    await this.#ports.bulkIndex.remove(project, id);
    await this.#ports.erase();
  }

  /** To a whole millisecond that is still to come: the runtime loses an alarm set to the one it ran for. */
  #arm(atMs: number): void {
    this.#ports.setAlarm(Math.max(Math.ceil(atMs), this.#ports.nowMs() + 1));
  }
}

/** A job that cannot be dealt with for too long counts as failed. */
function orFailed(deed: Deed, tries: number): Deed {
  if (deed.kind !== 'later' || tries < TRIES_MAX) return deed;
  const message = 'the job could not be reached, though it was tried again and again';
  return { kind: 'failed', code: 'unavailable', message };
}

/** A bulk action after one more job. */
function after(bulk: Bulk, job: IndexedJob, deed: Exclude<Deed, { kind: 'later' }> | null): Bulk {
  const { counts, failures } = bulk;
  const matched = counts.matched + 1;
  const next = { ...bulk, cursor: job.id, tries: 0 };
  if (deed === null) return { ...next, counts: { ...counts, matched } };
  const failure =
    deed.kind === 'failed' && failures.length < FAILURES_KEPT
      ? [{ jobId: job.id, code: deed.code, message: deed.message }]
      : [];
  return {
    ...next,
    counts: { ...counts, matched, [deed.kind]: counts[deed.kind] + 1 },
    failures: [...failures, ...failure],
  };
}
