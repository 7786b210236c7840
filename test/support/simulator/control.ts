import type { Json } from '../../../src/domain/json.ts';
import type { Journal } from './journal.ts';
import { parseRules, ScriptInvalid } from './parse-script.ts';
import type { Script } from './script.ts';
import type { StatsKeeper } from './stats.ts';

/** The state that the control endpoints show and change. */
export type Controls = {
  readonly journal: Journal;
  readonly stats: StatsKeeper;
  readonly script: Script;
  readonly works: { clear(): void };
  readonly predictions: { clear(): void };
  readonly pictures: { clear(): void };
  readonly falRequests: { clear(): void };
  readonly messageBatches: { clear(): void };
  readonly queuedRuns: { clear(): void };
  readonly transcripts: { clear(): void };
};

export type ControlAnswer = { readonly status: number; readonly body: unknown };

type Verb = (controls: Controls, query: URLSearchParams, bodyText: string) => ControlAnswer;

const verbs: Readonly<Record<string, Verb>> = {
  'GET /__simulator/journal': ({ journal }, query) => {
    const entries = journal.entries(Number(query.get('since') ?? 0));
    return { status: 200, body: { entries, last_seq: journal.lastSeq() } };
  },
  'DELETE /__simulator/journal': ({ journal }) => {
    journal.clear();
    return { status: 200, body: { cleared: true } };
  },
  'GET /__simulator/stats': ({ stats }) => ({ status: 200, body: stats.read() }),
  'GET /__simulator/script': ({ script }) => ({ status: 200, body: { rules: script.state() } }),
  'POST /__simulator/script': ({ script }, _query, bodyText) => {
    const rules = parseRules(JSON.parse(bodyText) as Json);
    script.replace(rules);
    return { status: 200, body: { rules: rules.length } };
  },
  'POST /__simulator/rules': ({ script }, _query, bodyText) => {
    script.add(parseRules(JSON.parse(bodyText) as Json));
    return { status: 200, body: { rules: script.state().length } };
  },
  'DELETE /__simulator/script': ({ script }) => {
    script.replace([]);
    return { status: 200, body: { rules: 0 } };
  },
  'POST /__simulator/reset': (controls) => {
    resetAll(controls);
    return { status: 200, body: { reset: true } };
  },
};

/** Forgets the script, the journal, the totals and the work that goes on. */
export function resetAll({ journal, stats, script, ...all }: Controls): void {
  for (const works of [
    all.works,
    all.predictions,
    all.pictures,
    all.falRequests,
    all.messageBatches,
    all.queuedRuns,
    all.transcripts,
  ])
    works.clear();
  script.replace([]);
  journal.clear();
  stats.reset();
}

/** Answers a request to the simulator itself; these need no key. */
export function answerControl(
  controls: Controls,
  method: string,
  target: URL,
  bodyText: string,
): ControlAnswer {
  const verb = verbs[`${method} ${target.pathname}`];
  if (verb === undefined) {
    return { status: 404, body: { error: { message: 'not a path of the simulator' } } };
  }
  try {
    return verb(controls, target.searchParams, bodyText);
  } catch (thrown) {
    if (!(thrown instanceof ScriptInvalid || thrown instanceof SyntaxError)) throw thrown;
    return { status: 400, body: { error: { message: thrown.message, code: 'script_invalid' } } };
  }
}
