import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Json } from '../../../src/domain/json.ts';
import { resetAll } from './control.ts';
import { createJournal, type JournalEntry } from './journal.ts';
import { parseRules } from './parse-script.ts';
import { createScript } from './script.ts';
import { serveRequest, type Serving } from './serve.ts';
import type { FalRequest } from './fal/queue.ts';
import type { ResponseWork } from './openai/responses.ts';
import type { MessageBatch } from './anthropic/batches.ts';
import type { Picture } from './own-service/service.ts';
import type { Prediction } from './replicate/predictions.ts';
import type { Transcript } from './assemblyai/transcripts.ts';
import type { QueuedRun } from './workers-ai/run.ts';
import { createStats, type Stats } from './stats.ts';
import type { Rule, RuleInput } from './types.ts';
import { createWorks } from './work.ts';

export type SimulatorOptions = {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  readonly host?: string;
  /** The only key accepted; any non-empty one when absent. */
  readonly key?: string;
  /** A delay before every answer that no fault delays otherwise. */
  readonly latencyMs?: number;
  /** Start of the seeds for rules with a probability. */
  readonly seed?: number;
  /** The models that exist; all do when absent. */
  readonly models?: readonly string[];
  /** Keep request bodies in the journal. */
  readonly keepBodies?: boolean;
  /** How many requests the journal remembers. */
  readonly journalLimit?: number;
};

export type Simulator = {
  /** Without a trailing slash; the API lives below `${url}/v1`. */
  readonly url: string;
  readonly port: number;
  journal(since?: number): readonly JournalEntry[];
  stats(): Stats;
  /** Puts these rules in the place of the old ones. The first rule that fires wins. */
  script(...rules: readonly RuleInput[]): void;
  /** Puts these rules behind those that stand, whose counters go on. */
  addRules(...rules: readonly RuleInput[]): void;
  /** Forgets script, journal, totals and the work that goes on. */
  reset(): void;
  /** Resolves once no request is under way, so that the journal is complete. */
  idle(): Promise<void>;
  /** Stops listening and closes every connection, also the hanging ones. */
  close(): Promise<void>;
};

const journalLimitDefault = 10_000;

/** Starts a server that pretends to be a provider: OpenAI at its root, others below their names. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const serving: Serving = {
    key: options.key ?? null,
    latencyMs: options.latencyMs ?? 0,
    models: options.models ?? null,
    journal: createJournal(
      options.journalLimit ?? journalLimitDefault,
      options.keepBodies ?? false,
    ),
    stats: createStats(),
    script: createScript(options.seed ?? 1),
    works: createWorks<ResponseWork>(),
    predictions: createWorks<Prediction>(),
    pictures: createWorks<Picture>(),
    falRequests: createWorks<FalRequest>(),
    messageBatches: createWorks<MessageBatch>(),
    queuedRuns: createWorks<QueuedRun>(),
    transcripts: createWorks<Transcript>(),
  };
  const server = createServer(
    { keepAliveTimeout: 65_000, requestTimeout: 0 },
    (request, response) => {
      void serveRequest(serving, request, response);
    },
  );
  const { port } = await listen(server, options);
  return {
    url: `http://${options.host ?? '127.0.0.1'}:${port}`,
    port,
    journal: (since) => serving.journal.entries(since).map((entry) => ({ ...entry })),
    stats: () => serving.stats.read(),
    script: (...rules) => serving.script.replace(viaJson(rules)),
    addRules: (...rules) => serving.script.add(viaJson(rules)),
    reset: () => resetAll(serving),
    idle: () => serving.stats.idle(),
    close: () => close(server),
  };
}

/** Through JSON, so that a script means the same whether it came in here or over HTTP. */
function viaJson(rules: readonly RuleInput[]): readonly Rule[] {
  return parseRules(JSON.parse(JSON.stringify(rules)) as Json);
}

function listen(server: Server, options: SimulatorOptions): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
