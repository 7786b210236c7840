import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { logLevels } from '../src/services/ports/log.ts';
import { OutputCutter, type Piece } from './lib/tail/cut-output.ts';
import { jsonText, printable } from './lib/tail/printable.ts';
import { recordsOf } from './lib/tail/records.ts';
import { makeSelection } from './lib/tail/select-records.ts';
import { showRecord } from './lib/tail/show-record.ts';
import { follow, logFileIn, readAll, tailDeployment } from './lib/tail/sources.ts';

/** `npm run tail`: logs for people. */
const HELP = `npm run tail -- [where] [what]

Where the lines come from:
  (nothing)               the server that npm run dev runs in this folder, as it goes on
  --persist-to PATH       the same, for a server with its state elsewhere
  --env NAME              a deployment: wrangler tail --format json --env NAME; "" for the one without a name
  --file PATH             a saved file; - for the standard input

What is shown:
  --job ID                one job: its requests, its way through the queues, its calls, callbacks and children
  --pipeline NAME[@N]     the jobs of a pipeline, or of one version
  --project ID   --trace ID
  --level LEVEL           from this level on: ${logLevels.join(', ')}
  --all                   also the ids that only machines read, and lines that are not ours
  --json                  the lines as JSON, one a line`;

const OPTIONS = {
  'persist-to': { type: 'string', default: join('.wrangler', 'state') },
  env: { type: 'string' },
  file: { type: 'string' },
  job: { type: 'string' },
  pipeline: { type: 'string' },
  project: { type: 'string' },
  trace: { type: 'string' },
  level: { type: 'string' },
  all: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

type Values = ReturnType<typeof read>;

function read() {
  return parseArgs({ options: OPTIONS }).values;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<void> {
  const values = read();
  if (values.help) {
    say(HELP);
    return;
  }
  const show = makePrinter(values);
  const cutter = new OutputCutter();
  for await (const text of sourceOf(values)) {
    for (const piece of cutter.push(text)) show(piece);
    // Whoever reads this slowly is not waited for with everything in memory.
    if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
  }
  for (const piece of cutter.end()) show(piece);
}

function sourceOf({ env, file, 'persist-to': statePath }: Values): AsyncGenerator<string> {
  if (env !== undefined && file !== undefined) {
    throw new Error('give --env or --file, not both');
  }
  if (env !== undefined) return tailDeployment(env);
  if (file !== undefined) return readAll(file);
  const path = logFileIn(statePath);
  if (existsSync(path)) return follow(path);
  throw new Error(
    `there is no ${path}: start npm run dev in this folder, or say --env, --file or --persist-to`,
  );
}

function makePrinter(values: Values): (piece: Piece) => void {
  const level = logLevels.find((name) => name === values.level);
  if (values.level !== undefined && level === undefined) {
    throw new Error(`--level takes ${logLevels.join(', ')}, not ${values.level}`);
  }
  const isWanted = makeSelection({ ...values, level });
  const color = process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '';
  return (piece) => {
    if (piece.kind === 'text' && values.all && !values.json) say(printable(piece.line));
    for (const record of recordsOf(piece)) {
      if (!isWanted(record)) continue;
      const { fields, ...head } = record;
      say(
        values.json
          ? printable(jsonText({ ...head, ...fields }))
          : showRecord(record, { color, all: values.all }),
      );
    }
  };
}

// Whoever reads this through a pipe may have seen enough.
process.stdout.on('error', () => process.exit());

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
