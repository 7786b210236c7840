import { createHash } from 'node:crypto';

import { jobIdOf, type JobId } from '../../src/domain/ids.ts';
import type { Announcement } from '../../src/domain/webhook.ts';
import { DeliveriesOfReceiver } from '../../src/runtime/deliveries/deliveries.ts';
import type {
  DeliveryOrder,
  DeliveryTurn,
  DueDelivery,
  ToldEvents,
  TriedDelivery,
} from '../../src/services/ports/webhooks.ts';
import { SCHEDULE_MS } from '../../src/services/webhooks/schedule.ts';
import { Random } from '../simulation/world/random.ts';
import { EPOCH_MS } from './engine-driver.ts';
import { NodeSqlite } from './node-sqlite.ts';

export type LifeOptions = {
  readonly ordered: boolean;
  /** Origins of jobs' own webhooks; 0 for an endpoint. */
  readonly origins: number;
};

const EVENTS_OF_A_JOB = 6;
const JOBS = 8;
const LEASE_MS = 30_000;

type Happening = {
  readonly announcement: Announcement;
  readonly jobId: JobId;
  readonly seq: number;
  readonly wanted: boolean;
  accepted: boolean;
  delivered: boolean;
};
type Hand = { readonly due: DueDelivery; readonly sinceMs: number; readonly untilMs: number };

/**
 * One receiver's deliveries in a scripted world: tellers repeat and reorder, deliverers die with what they hold, report late
 * and twice, storage fails, the object is put away, hints are lost. The seed decides everything.
 */
export class DeliveriesLife {
  readonly #random: Random;
  readonly #db = new NodeSqlite();
  readonly #options: LifeOptions;
  readonly #jobs: readonly (readonly Happening[])[];
  readonly #byId = new Map<string, Happening>();
  /** In deliverers' hands, by delivery. */
  readonly #hands = new Map<string, Hand>();
  /** Reports that were made, to be made again one day. */
  readonly #reports: TriedDelivery[] = [];
  readonly complaints: string[] = [];
  #object: DeliveriesOfReceiver;
  #alarmAtMs: number | null = null;
  #hints = 0;
  #requests = 0;
  #fair = false;
  nowMs = EPOCH_MS;

  constructor(seed: number, options: LifeOptions) {
    this.#random = new Random(seed);
    this.#options = options;
    this.#jobs = Array.from({ length: JOBS }, (_, job) => this.#newJob(job));
    for (const each of this.#jobs.flat()) this.#byId.set(each.announcement.id, each);
    this.#object = this.#open();
  }

  #newJob(job: number): Happening[] {
    const digits = job.toString(16).padStart(4, '0');
    const jobId = jobIdOf(`0190a000-${digits}-7000-8000-${digits.repeat(3)}`, 1);
    return Array.from({ length: EVENTS_OF_A_JOB }, (_, index) => {
      const seq = index + 1;
      const id = `evt_${jobId.slice(4)}_${seq}`;
      const announcement = { id, type: 'job.x', atMs: EPOCH_MS, jobId, seq, data: {} };
      // Some events are not wanted, so that there are gaps between those that are.
      const wanted = this.#random.chance(0.7);
      return { announcement, jobId, seq, wanted, accepted: false, delivered: false };
    });
  }

  #open(): DeliveriesOfReceiver {
    const ports = {
      sql: this.#db.port(),
      setAlarm: (atMs: number) => {
        this.#alarmAtMs = atMs;
      },
      hint: async () => {
        if (this.#fair || !this.#random.chance(0.3)) this.#hints += 1;
      },
      log: () => {},
      nowMs: () => this.nowMs,
      random: () => this.#random.next(),
      sha256: async (text: string) => createHash('sha256').update(text).digest('hex'),
      background: () => {},
    };
    const endpointId = this.#options.origins === 0 ? 'whe_1' : null;
    return new DeliveriesOfReceiver(ports, { name: 'r', endpointId }, this.#alarmAtMs);
  }

  /** Everything that can go wrong does. */
  async live(): Promise<void> {
    const deeds = [
      () => this.#tell(),
      () => this.#tell(),
      () => this.#visit(),
      () => this.#visit(),
      () => this.#pass(),
      () => this.#restart(),
      () => this.#reportAgain(),
    ];
    for (let step = 0; step < 120; step += 1) {
      this.#db.beforeExec = this.#random.chance(0.05) ? this.#failing() : () => {};
      await this.#random
        .pick(deeds)()
        .catch((error: unknown) => {
          if (!(error instanceof Error) || error.message !== 'the disk is full') throw error;
        });
      this.#db.beforeExec = () => {};
      this.#ring();
    }
  }

  #failing(): () => void {
    let left = this.#random.below(12);
    return () => {
      left -= 1;
      if (left < 0) throw new Error('the disk is full');
    };
  }

  /** The world turns fair: all is told again, and deliverers come when they are called. */
  async settle(): Promise<void> {
    this.#fair = true;
    for (const job of this.#jobs) await this.#accept(job, 0);
    for (let round = 0; round < 2_000 && this.unaccounted().length > 0; round += 1) {
      this.#ring();
      const visit = this.#hints > 0;
      this.#hints = 0;
      if (visit) await this.#visit();
      else this.nowMs = Math.max(this.nowMs + 1, this.#alarmAtMs ?? this.nowMs + 1_000);
    }
  }

  /** What was wanted, and was neither delivered nor given up after all its time. */
  unaccounted(): string[] {
    return this.#jobs
      .flat()
      .filter(({ wanted, delivered, announcement }) => {
        return wanted && !delivered && !this.#givenUp(announcement.id);
      })
      .map(({ announcement }) => announcement.id);
  }

  #givenUp(announcementId: string): boolean {
    const [row] = this.#db.rows(
      `SELECT tries FROM deliveries WHERE state = 'failed' AND json_extract(body, '$.announcement.id') = ?`,
      announcementId,
    );
    if (row === undefined) return false;
    const tries = JSON.parse(String(row['tries'])) as { atMs: number }[];
    const [first, last] = [tries.at(0), tries.at(-1)];
    return (last?.atMs ?? 0) - (first?.atMs ?? 0) >= SCHEDULE_MS - LEASE_MS * 2;
  }

  /** Tells a piece of a job's history; pieces come twice and in any order. */
  async #tell(): Promise<void> {
    const job = this.#random.pick(this.#jobs);
    const first = this.#random.below(EVENTS_OF_A_JOB);
    const piece = job.slice(first, first + 1 + this.#random.below(3));
    await this.#accept(piece, 0);
  }

  async #accept(piece: readonly Happening[], before: number): Promise<void> {
    const [first, last] = [piece.at(0), piece.at(-1)];
    if (first === undefined || last === undefined) return;
    const { ordered } = this.#options;
    const told: ToldEvents[] = ordered
      ? [{ jobId: first.jobId, firstSeq: first.seq, lastSeq: last.seq, before }]
      : [];
    const wanted = piece.filter((each) => each.wanted);
    const orders = wanted.map((each) => this.#order(each));
    await this.#object.accept(orders, { state: 'active', ordered }, told);
    for (const each of wanted) each.accepted = true;
  }

  #order({ announcement, jobId }: Happening): DeliveryOrder {
    const { origins } = this.#options;
    if (origins === 0) return { announcement };
    const origin = Number.parseInt(jobId.slice(-4, -2), 16) % origins;
    return {
      announcement,
      to: { url: `https://receiver-${origin}.example/hook`, payload: 'thin' },
    };
  }

  /** A deliverer reports some of what it holds, forgets some, and takes more. */
  async #visit(): Promise<void> {
    const reporting = [...this.#hands.values()].filter(
      () => this.#fair || this.#random.chance(0.7),
    );
    const tried = reporting.map((hand) => this.#try(hand));
    this.#requests += 1;
    const requestId = `r${this.#requests}`;
    const capacity = this.#fair ? 6 : this.#random.below(8);
    const turn = { requestId, capacity, tried };
    this.#reports.push(...tried);
    const due = this.#next(turn);
    for (const { due: one } of reporting) this.#hands.delete(one.id);
    // A lost answer: the call is made again.
    const again = this.#random.chance(0.2) ? this.#next({ ...turn, tried }) : due;
    if (due.length > 0 && JSON.stringify(again) !== JSON.stringify(due)) {
      this.complaints.push('a repeated call was answered in another way');
    }
    for (const one of again) this.#take(one);
    if (this.#fair) {
      const rest = [...this.#hands.values()].map((hand) => this.#try(hand));
      this.#requests += 1;
      this.#hands.clear();
      for (const one of this.#next({ requestId: `r${this.#requests}`, capacity: 6, tried: rest })) {
        this.#take(one);
      }
    }
  }

  #next(turn: DeliveryTurn): readonly DueDelivery[] {
    return this.#object.next(turn).due;
  }

  /** The receiver has it or not; that is so whether or not anybody hears of it. */
  #try({ due, sinceMs }: Hand): TriedDelivery {
    const success = this.#fair || this.#random.chance(0.4);
    const happening = this.#byId.get(due.order.announcement.id);
    if (success && happening !== undefined) happening.delivered = true;
    const status = success ? 200 : 500;
    const tried = {
      number: due.number,
      atMs: sinceMs,
      latencyMs: 5,
      status,
      error: success ? null : 'http_status',
      answer: '',
    };
    const retryAfterMs = !success && this.#random.chance(0.1) ? this.#random.below(100_000) : null;
    return { id: due.id, tried, retryAfterMs, verdict: success ? 'delivered' : 'again' };
  }

  #take(due: DueDelivery): void {
    const known = this.#hands.get(due.id);
    if (known !== undefined && known.untilMs > this.nowMs) {
      this.complaints.push(`${due.id} is in two hands at once`);
    }
    this.#hands.set(due.id, { due, sinceMs: this.nowMs, untilMs: this.nowMs + LEASE_MS });
    this.#checkBounds(due);
    if (this.#options.ordered) this.#checkOrder(due);
  }

  #checkBounds({ order }: DueDelivery): void {
    const origin = order.to?.url;
    const held = [...this.#hands.values()].filter(
      (hand) => hand.untilMs > this.nowMs && hand.due.order.to?.url === origin,
    );
    const most = origin === undefined ? 16 : 6;
    if (held.length > most) this.complaints.push(`${held.length} in hands at once`);
  }

  /** Whatever of a job comes before has ended, also what was not even told yet when this was. */
  #checkOrder({ id, order }: DueDelivery): void {
    const { jobId, seq } = order.announcement;
    const before = this.#jobs
      .flat()
      .filter((each) => each.jobId === jobId && each.wanted && each.seq < (seq ?? 0));
    for (const { announcement } of before) {
      const rows = this.#db.rows(
        `SELECT state FROM deliveries WHERE json_extract(body, '$.announcement.id') = ?`,
        announcement.id,
      );
      const state = rows[0]?.['state'];
      if (state !== 'delivered' && state !== 'failed') {
        this.complaints.push(`${id} overtakes ${announcement.id}, which is ${String(state)}`);
      }
    }
  }

  async #pass(): Promise<void> {
    const lengths = [100, 2_000, LEASE_MS / 2, 5 * 60_000, 6 * 3_600_000];
    this.nowMs += this.#random.below(this.#random.pick(lengths));
    // A deliverer that holds something for too long is dead, and says nothing of it; or it was only slow.
    for (const [id, hand] of this.#hands) {
      if (hand.untilMs <= this.nowMs && this.#random.chance(0.7)) this.#hands.delete(id);
    }
  }

  async #restart(): Promise<void> {
    this.#object = this.#open();
  }

  async #reportAgain(): Promise<void> {
    if (this.#reports.length === 0) return;
    const tried = [this.#random.pick(this.#reports)];
    this.#requests += 1;
    this.#next({ requestId: `r${this.#requests}`, capacity: 0, tried });
  }

  #ring(): void {
    if (this.#alarmAtMs === null || this.#alarmAtMs > this.nowMs) return;
    this.#alarmAtMs = null;
    this.#object.alarm();
  }
}
