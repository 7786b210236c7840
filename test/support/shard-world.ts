import { definitionSchema } from '../../src/domain/definition/definition.ts';
import type { JobId } from '../../src/domain/ids.ts';
import type { Json } from '../../src/domain/json.ts';
import type { ProviderAdapter } from '../../src/providers/port.ts';
import { makeRegistry, providerIds } from '../../src/providers/registry.ts';
import { makePlanCache } from '../../src/services/pipelines/plan-cache.ts';
import type { JobShard, JobShards } from '../../src/services/ports/job-shard/job-shard.ts';
import type { Pipelines } from '../../src/services/ports/pipelines.ts';
import type { Providers } from '../../src/services/ports/targets/providers.ts';
import type { ExecuteDeps } from '../../src/services/run/attempt.ts';
import { runTurn } from '../../src/services/run/turn/run-turn.ts';
import type { TurnOptions } from '../../src/services/run/turn/turn.ts';
import { makeSlots } from '../../src/services/run/turn/slots.ts';
import { jobView } from '../../src/services/views/jobs/job-view.ts';
import type { DefinitionBody } from './engine-driver.ts';
import { ShardDriver } from './shard-driver.ts';

export type Call = {
  readonly body: Json;
  readonly signal: AbortSignal;
  readonly key: string | null;
};
export type Answer = (call: Call) => Response | Promise<Response>;

/** The real turn, the real steps, the real builtin models and the real adapter, against the real shard. */
export class World {
  readonly driver = new ShardDriver();
  readonly calls: Call[] = [];
  readonly slots = makeSlots(6);
  /** Answers of the hosted provider, one a call; the last one stays. */
  answers: Answer[] = [];
  /** Providers of the test's own, by id. */
  readonly adapters = new Map<string, ProviderAdapter>();
  readonly #registry = makeRegistry(
    (name) => (name === 'OPENAI_API_KEY' ? 'sk-test' : undefined),
    async (url, init) => this.#answer(new Request(url, init)),
  );

  async #answer(request: Request): Promise<Response> {
    const { signal, headers } = request;
    const body = (await request.json()) as Json;
    const call = { body, signal, key: headers.get('idempotency-key') };
    this.calls.push(call);
    const answer = this.answers.length > 1 ? this.answers.shift() : this.answers[0];
    if (answer === undefined) throw new Error('nobody answers');
    return answer(call);
  }

  providers(): Providers {
    return {
      ids: providerIds,
      get: (id) => this.adapters.get(id) ?? this.#registry.adapters.get(id) ?? null,
      modelsOf: () => [],
      kindOf: () => null,
      capabilitiesOf: () => null,
    };
  }

  /** The project's cache of results, the gates of targets and the budgets; without them nothing is kept, closed or limited. */
  shared: Pick<ExecuteDeps, 'caches' | 'gates' | 'budgets' | 'ledgers'> = {};

  /** Pipelines published for child jobs, by name. */
  readonly published = new Map<string, DefinitionBody>();

  #jobs(others: Partial<JobShard>) {
    const { driver, published } = this;
    const pipelines: Pick<Pipelines, 'head' | 'definition'> = {
      head: async (_project, name) =>
        published.has(name)
          ? { name, version: 1, hash: `hash-${name}`, createdAtMs: 0, createdBy: 'key_1' }
          : null,
      definition: async (_project, name) =>
        definitionSchema.parse({ name, ...published.get(name) }),
    };
    const shards: JobShards = {
      count: 8,
      former: null,
      of: () => ({ ...driver.client(), ...others }),
    };
    return { pipelines: pipelines as Pipelines, plans: makePlanCache(1_000_000), shards };
  }

  /** One visit of a runner to a job. */
  run(
    jobId: JobId,
    options: Partial<TurnOptions> = {},
    shard: Partial<JobShard> = {},
    others: Partial<JobShard> = {},
  ) {
    const { driver } = this;
    const untilMs = driver.nowMs + 840_000;
    return runTurn(
      {
        objects: driver.objectStore(),
        providers: this.providers(),
        machine: driver.machine(),
        log: (level, event) => void driver.logs.push({ level, event }),
        shard: { ...driver.client(), ...shard },
        ...this.#jobs(others),
        calls: this.slots,
        ...this.shared,
      },
      { jobId, hinted: true, untilMs, claimUntilMs: untilMs, first: null, ...options },
    );
  }

  view(jobId: JobId) {
    return jobView(this.driver.objectStore(), this.driver.snapshot(jobId));
  }
}
