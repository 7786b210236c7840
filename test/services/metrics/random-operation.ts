import { DEPLOYMENT, projectId, type ProjectId } from '../../../src/domain/ids.ts';
import { statementsOfFacts } from '../../../src/runtime/d1/fact-rows.ts';
import { makeSampleStore } from '../../../src/runtime/metrics/sample-store.ts';
import { minuteOf, type Fact } from '../../../src/services/metrics/facts/fact.ts';
import { DAY, type World } from './metrics-world.ts';
import { pick, shuffled, type Dice } from './random-history.ts';

/** A fact that no job's history tells, and whose it is. */
export type MadeFact = {
  readonly project: ProjectId;
  readonly job: string;
  readonly fact: Extract<
    Fact,
    {
      kind: 'delivery' | 'feedback' | 'queue_sample' | 'runnable_sample' | 'target_sample';
    }
  >;
};

/** Tries of deliveries and what users said, somewhere in a span of time. */
export function makeFacts(roll: Dice, count: number, spanMs: number): MadeFact[] {
  return Array.from({ length: count }, (_, index) => {
    const moment = { seq: 1 + Math.floor(roll() * 3), at: DAY + Math.floor(roll() * spanMs) };
    const project = projectId(pick(roll, ['prj_a', 'prj_b']));
    if (roll() < 0.5) {
      const label = pick(roll, ['fine', 'wrong']);
      const score = Math.floor(roll() * 1_000) / 1_000;
      const fact = { kind: 'feedback', ...moment, label, score } as const;
      return { project, job: `job_${index}`, fact };
    }
    const endpoint = pick(roll, ['whk_a', '']);
    const ended = roll() < 0.5 ? { class: 'timeout' } : { lag_ms: Math.floor(roll() * 9_000) };
    const latency = Math.floor(roll() * 900);
    const fact = { kind: 'delivery', ...moment, endpoint, latency_ms: latency, ...ended } as const;
    return { project, job: `dlv_${index}`, fact };
  });
}

/** What is seen in each minute of a span, of one queue, one target and one project. */
export function makeSamples(roll: Dice, spanMs: number): MadeFact[] {
  return Array.from({ length: spanMs / 60_000 }, (_, index) => DAY + index * 60_000)
    .filter(() => roll() < 0.9)
    .flatMap((at): MadeFact[] => {
      const job = `sample_${at}`;
      const waiting = Math.floor(roll() * 50);
      const age = waiting === 0 ? {} : { oldest_age_ms: Math.floor(roll() * 90_000) };
      const queue = {
        kind: 'queue_sample',
        seq: 1,
        at,
        queue: 'JOBS_0',
        messages: waiting,
      } as const;
      const state = pick(roll, ['available', 'available', 'unavailable']);
      const target = {
        kind: 'target_sample',
        seq: 101,
        at,
        provider: 'p',
        model: 'm',
        state,
      } as const;
      const runnable = { kind: 'runnable_sample', seq: 1, at, jobs: waiting, ...age } as const;
      return [
        { project: DEPLOYMENT, job, fact: { ...queue, ...age } },
        { project: DEPLOYMENT, job, fact: target },
        { project: projectId('prj_a'), job, fact: runnable },
      ];
    });
}

/** Writes them in any order, some of them twice, with roll-ups at any moment. */
export async function tell(its: World, roll: Dice, made: readonly MadeFact[], spanMs: number) {
  const minutes = [
    ...Map.groupBy(made.filter(isSampled), ({ fact }) => minuteOf(fact.at)).values(),
  ];
  const pieces = [...made.filter((each) => !isSampled(each)).map((each) => [each]), ...minutes];
  const again = pieces.filter(() => roll() < 0.3);
  for (const piece of shuffled(roll, [...pieces, ...again])) {
    await (piece.some(isSampled) ? keep(its, piece) : write(its, roll, piece));
    if (roll() > 0.05) continue;
    its.clock.nowMs = DAY + Math.floor(roll() * spanMs * 1.5);
    await Promise.all(roll() < 0.5 ? [its.rollUp(), its.rollUp()] : [its.rollUp()]);
  }
}

function isSampled({ job }: MadeFact): boolean {
  return job.startsWith('sample_');
}

async function keep({ d1 }: World, piece: readonly MadeFact[]): Promise<void> {
  const byProject = Map.groupBy(piece, ({ project }) => project);
  const seen = [...byProject].map(
    ([project, facts]) => [project, facts.map(({ fact }) => fact)] as const,
  );
  await makeSampleStore(d1.binding()).keep(piece[0]?.fact.at ?? 0, new Map(seen));
}

async function write({ d1 }: World, roll: Dice, piece: readonly MadeFact[]): Promise<void> {
  const owned = piece.map(({ project, job, fact }) => {
    return { project, facts: { job, pipeline: 'digest', version: 1, facts: [fact] } };
  });
  await d1.binding().batch(statementsOfFacts(d1.binding(), owned, `batch_${roll()}`));
}
