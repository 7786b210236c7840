import { createHash } from 'node:crypto';

import { jobIdOf, projectId } from '../../src/domain/ids.ts';
import type { Announcement, WebhookEndpoint } from '../../src/domain/webhook.ts';
import { DeliveriesOfReceiver } from '../../src/runtime/deliveries/deliveries.ts';
import type { FactWriter } from '../../src/services/ports/fact-writer.ts';
import type {
  Deliveries,
  DeliveriesOf,
  DeliveryTurn,
  WebhookEndpoints,
} from '../../src/services/ports/webhooks.ts';
import { makeAnnouncements } from '../../src/services/webhooks/delivering/announce.ts';
import { deliverTurn } from '../../src/services/webhooks/delivering/deliver-turn.ts';
import { Clock } from '../simulation/world/clock.ts';
import { Random } from '../simulation/world/random.ts';
import { NodeSqlite } from './node-sqlite.ts';
import { settledWithSignatures } from './quiet-crypto.ts';

const PROJECT = projectId('prj_world');
const CAPACITY = 6;
const QUEUE_MS = 20;
const CALL_MS = 3;
const LIFE_MS = 13 * 60_000;

/** What a receiver does with a delivery: an answer after a while, or none for ever. */
export type Answer = { readonly status: number; readonly afterMs: number } | 'hang';

/** A delivery at its receiver, with what was under way there at the same time. */
export type Arrival = {
  readonly id: string;
  readonly atMs: number;
  readonly lagMs: number;
  readonly together: number;
  readonly status: number | null;
};

/**
 * Endpoints on Node's SQLite, deliverers that a queue calls, each in an invocation of its own as when deployed, and
 * receivers, in a time of their own. The seed decides everything.
 */
export class DeliveryWorld {
  readonly clock = new Clock();
  readonly random: Random;
  readonly arrivals = new Map<string, Arrival[]>();
  readonly #objects = new Map<string, DeliveriesOfReceiver>();
  readonly #endpoints = new Map<string, WebhookEndpoint>();
  readonly #answers = new Map<string, (atMs: number) => Answer>();
  readonly #underWay = new Map<string, number>();
  readonly #sentAtMs = new Map<string, number>();
  readonly databases = new Map<string, NodeSqlite>();
  /** Share of deliverers that die at some moment. */
  deaths = 0;
  /** Where tries are counted. */
  facts: FactWriter | undefined;
  readonly logged: string[] = [];

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  get nowMs(): number {
    return this.clock.nowMs;
  }

  addEndpoint(id: string, answer: (atMs: number) => Answer, ordered = false): void {
    this.#answers.set(id, answer);
    this.arrivals.set(id, []);
    this.#endpoints.set(id, {
      id,
      project: PROJECT,
      url: `https://${id}.example/`,
      events: ['*'],
      payload: 'thin',
      ordered,
      headers: {},
      secrets: [{ secret: `whsec_${btoa('x'.repeat(32))}`, createdAtMs: 0, expiresAtMs: null }],
      secretsChangedAtMs: 0,
      state: 'active',
      stateReason: null,
      stateSinceMs: 0,
      description: '',
      createdAtMs: 0,
    });
    const database = new NodeSqlite();
    this.databases.set(id, database);
    this.#objects.set(id, this.#open(id, database));
  }

  #open(id: string, database: NodeSqlite): DeliveriesOfReceiver {
    const ports = {
      sql: database.port(),
      setAlarm: (atMs: number) => this.clock.at(atMs, () => this.#objects.get(id)?.alarm()),
      hint: async () => this.clock.at(this.nowMs + QUEUE_MS, () => void this.#deliver(id)),
      log: () => {},
      nowMs: () => this.nowMs,
      random: () => this.random.next(),
      sha256,
      background: () => {},
    };
    return new DeliveriesOfReceiver(ports, { name: id, endpointId: id }, null);
  }

  endpointState(id: string) {
    return this.#endpoints.get(id)?.state;
  }

  readonly #store: WebhookEndpoints = {
    list: async () => [...this.#endpoints.values()],
    get: async (_, id) => this.#endpoints.get(id) ?? null,
    insert: async () => true,
    madeUnder: async () => null,
    removed: async () => [],
    change: async () => true,
    rotate: async () => true,
    remove: async () => true,
    moveState: async ({ id }, { from, to, reason, atMs }) => {
      const known = this.#endpoints.get(id);
      if (known === undefined || known.state !== from) return false;
      const moved = { state: to, stateReason: reason, stateSinceMs: atMs };
      this.#endpoints.set(id, { ...known, ...moved });
      return true;
    },
  };

  #client(id: string, isDead: () => boolean): Deliveries {
    const object = () => {
      const found = this.#objects.get(id);
      if (found === undefined) throw new Error(`no endpoint ${id}`);
      return found;
    };
    return {
      accept: (...asked) => object().accept(...asked),
      next: async (turn: DeliveryTurn) => {
        await this.wait(CALL_MS);
        if (isDead()) await new Promise(() => {});
        const answer = object().next(turn);
        await this.wait(CALL_MS);
        if (isDead()) await new Promise(() => {});
        return answer;
      },
      list: async (query) => object().list(query),
      get: async (delivery) => object().get(delivery),
      redeliver: async (which) => object().redeliver(which),
      changed: async (seen) => object().changed(seen),
      forget: async (jobId) => object().forget(jobId),
    };
  }

  readonly deliveriesOf: DeliveriesOf = {
    endpoint: (_, id) => this.#client(id, () => false),
    ofOrigin: () => this.#client('jobs-0', () => false),
    ofJobs: () => [],
  };

  readonly announcements = makeAnnouncements({
    endpoints: this.#store,
    deliveriesOf: this.deliveriesOf,
  });

  /** Something happens in the project: everybody wants to hear of it. */
  async happen(number: number, seq: number): Promise<void> {
    const jobId = jobIdOf(`0190a000-0000-7000-8000-${String(number).padStart(12, '0')}`, 1);
    const id = `evt_${number}_${seq}`;
    const announcement: Announcement = {
      id,
      type: 'job.started',
      atMs: this.nowMs,
      jobId,
      seq,
      data: { job_id: jobId, seq },
    };
    this.#sentAtMs.set(id, this.nowMs);
    await this.announcements.announce(PROJECT, [announcement]);
  }

  /** A deliverer that was called by a hint; some die at any moment of their turn. */
  async #deliver(id: string): Promise<void> {
    const diesAtMs = this.random.chance(this.deaths)
      ? this.nowMs + this.random.below(2_000)
      : Number.POSITIVE_INFINITY;
    const isDead = () => this.nowMs >= diesAtMs;
    const machine = {
      nowMs: () => this.nowMs,
      newUuid: () => `${this.random.next()}`,
      wait: (ms: number, signal?: AbortSignal) => this.wait(ms, signal),
      sha256,
    };
    const deps = {
      shards: { count: 1, former: null, of: unused },
      objects: { put: unused, get: unused, deleteJob: unused },
      outside: { check: async (url: string) => ({ ok: true, value: new URL(url) }) as const },
      fetch: (url: string, init: RequestInit) => this.#receive(url, init),
      endpoints: this.#store,
      announcements: this.announcements,
      projectSecrets: null,
      pauseAfterMs: 72 * 3_600_000,
      machine,
      log: (_level: string, event: string) => void this.logged.push(event),
      capacity: CAPACITY,
      facts: this.facts,
    };
    const destination = { project: PROJECT, endpointId: id };
    await deliverTurn(deps, destination, this.#client(id, isDead), this.nowMs + LIFE_MS);
  }

  async #receive(url: string, { headers, signal }: RequestInit): Promise<Response> {
    const id = new URL(url).hostname.replace('.example', '');
    const webhookId = new Headers(headers).get('webhook-id') ?? '';
    const answer = this.#answers.get(id)?.(this.nowMs) ?? 'hang';
    const together = (this.#underWay.get(id) ?? 0) + 1;
    this.#underWay.set(id, together);
    const lagMs = this.nowMs - (this.#sentAtMs.get(webhookId) ?? this.nowMs);
    const status = answer === 'hang' ? null : answer.status;
    this.arrivals.get(id)?.push({ id: webhookId, atMs: this.nowMs, lagMs, together, status });
    if (answer === 'hang') await new Promise<void>((resolve) => listen(signal, resolve));
    else await this.wait(answer.afterMs);
    this.#underWay.set(id, (this.#underWay.get(id) ?? 1) - 1);
    if (answer === 'hang') throw new Error('aborted');
    return new Response('said', { status: answer.status });
  }

  wait(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      listen(signal, resolve);
      this.clock.at(this.nowMs + Math.max(0, ms), resolve);
    });
  }

  /** Lets time pass. */
  async run(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    await settledWithSignatures();
    while (this.clock.nextAtMs <= endMs) {
      this.clock.nowMs = this.clock.nextAtMs;
      this.clock.ring();
      await settledWithSignatures();
    }
    this.clock.nowMs = endMs;
  }
}

function listen(signal: AbortSignal | null | undefined, heard: () => void): void {
  signal?.addEventListener('abort', () => heard());
}

function unused(): never {
  throw new Error('thin payloads need no job');
}

async function sha256(text: string): Promise<string> {
  return createHash('sha256').update(text).digest('hex');
}
