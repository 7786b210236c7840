import type { JsonObject } from '../../../src/domain/json.ts';
import type { EventView } from '../../../src/services/views/jobs/event-view.ts';
import type { JobView } from '../../../src/services/views/jobs/job-schema.ts';
import type { RuleInput } from '../simulator/types.ts';

/** How the provider is asked: `sync` is a chat in one exchange, `queue` a queue that can be asked about a lost submit. */
export type Asking = 'sync' | 'queue';

/** What the measurement needs of a server and of the provider behind it. */
export type Bench = {
  publish(definition: JsonObject & { readonly name: string }): Promise<unknown>;
  /** Submits a job and waits for its end. */
  run(pipeline: string): Promise<JobView>;
  events(jobId: string): Promise<readonly EventView[]>;
  /** Calls to a model that a provider would bill. */
  paid(model: string): Promise<number>;
  script(rules: readonly RuleInput[]): Promise<unknown>;
};

export type PaidCalls = {
  readonly asking: Asking;
  readonly jobs: number;
  readonly failed: number;
  /** Steps that were begun: each needs one paid call. */
  readonly needed: number;
  readonly paid: number;
  readonly paidPerNeeded: number;
  /** Calls after which the history says that the next one may pay for the same work again. */
  readonly marked: number;
  /** Calls whose work went on at the provider when their time was up; it was told to stop. */
  readonly abandoned: number;
  readonly attempts: number;
};

const steps = ['draft', 'judge', 'polish'] as const;

/**
 * Five calls in a hundred lose their connection: a third of them before the work, a third after it, a third in the
 * middle of the answer. Five more get no answer in time: for half of them the work is done all the same.
 */
function randomFaults(model: string, seed: number): readonly RuleInput[] {
  const faults = [
    { fault: { drop: 'before_headers' }, probability: 0.05 / 3 },
    { fault: { drop: 'after_request' }, probability: 0.05 / 3 },
    { fault: { drop: 'mid_body' }, probability: 0.05 / 3 },
    { fault: { hang: true }, probability: 0.05 / 2 },
    { fault: { hang: 'after_request' }, probability: 0.05 / 2 },
  ] as const;
  const rules = faults.map((rule, index) => ({ match: { model }, seed: seed + index, ...rule }));
  return [...rules, { match: { model }, reply: { polls: 0 } }];
}

/** Runs jobs of three steps against a provider with random faults and counts what was paid. */
export async function measurePaidCalls(
  bench: Bench,
  asking: Asking,
  size: { readonly jobs: number; readonly seed: number; readonly lanes: number },
): Promise<PaidCalls> {
  const name = `random-faults-${asking}-${size.seed}`;
  const model = asking === 'queue' ? `sim/${name}` : name;
  await bench.script(randomFaults(model, size.seed));
  await bench.publish(definitionOf(name, asking, model));
  const jobs = await inLanes(size, () => bench.run(name));
  const histories = await inLanes({ jobs: jobs.length, lanes: size.lanes }, (index) =>
    bench.events(jobs[index]?.id ?? ''),
  );
  const events = histories.flat();
  const count = (wanted: (event: EventView) => boolean): number => events.filter(wanted).length;
  const begun = events.filter(({ type }) => type === 'attempt.started');
  const needed = new Set(begun.map(({ job_id: job, step }) => `${job} ${step}`)).size;
  const paid = await bench.paid(model);
  return {
    asking,
    jobs: jobs.length,
    failed: jobs.filter(({ status }) => status !== 'succeeded').length,
    needed,
    paid,
    paidPerNeeded: Math.round((paid / needed) * 10_000) / 10_000,
    marked: count(({ data }) => data['possible_duplicate_spend'] === true),
    abandoned: count(({ data }) => data['abandoned'] === true),
    attempts: begun.length,
  };
}

function definitionOf(name: string, asking: Asking, model: string) {
  const provider = asking === 'queue' ? 'replicate' : 'openai';
  return {
    name,
    steps: steps.map((id, index) => ({
      id,
      ...(index === 0 ? {} : { needs: [steps[index - 1] ?? ''] }),
      ...askOf(asking, id),
      route: { targets: [{ provider, model }] },
      retry: { base_delay: '1ms', max_attempts: 4 },
      timeouts: { attempt: asking === 'queue' ? '10s' : '2s' },
    })),
    output: { done: true },
  };
}

function askOf(asking: Asking, id: string): JsonObject {
  return asking === 'queue'
    ? { uses: 'model.image', with: { prompt: `${id} of \${{ job.id }}` } }
    : {
        uses: 'model.chat',
        with: { messages: [{ role: 'user', content: `${id}, please` }] },
      };
}

/** So many at a time, in order. */
async function inLanes<Value>(
  { jobs, lanes }: { readonly jobs: number; readonly lanes: number },
  work: (index: number) => Promise<Value>,
): Promise<Value[]> {
  const values: Value[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < jobs) {
      const index = next;
      next += 1;
      // oxlint-disable-next-line no-await-in-loop -- a lane does one after the other
      values[index] = await work(index);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return values;
}
