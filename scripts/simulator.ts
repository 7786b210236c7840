import { parseArgs } from 'node:util';

import { startSimulator } from '../test/support/simulator/simulator.ts';

const usage = `Starts a pretended OpenAI-compatible provider.

  --port <n>          listen here (default 8790)
  --host <address>    listen on this address (default 127.0.0.1)
  --key <key>         accept only this API key (default: any)
  --latency-ms <n>    wait before every answer (default 0)
  --seed <n>          seed of rules with a probability (default 1)
  --models <a,b>      the models that exist (default: every name)
  --journal-limit <n> how many requests the journal remembers (default 10000)
  --keep-bodies       keep request bodies in the journal
`;

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8790' },
    host: { type: 'string', default: '127.0.0.1' },
    key: { type: 'string' },
    'latency-ms': { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    models: { type: 'string' },
    'journal-limit': { type: 'string', default: '10000' },
    'keep-bodies': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (values.help) {
  process.stdout.write(usage);
} else {
  const simulator = await startSimulator({
    port: wholeNumber('port'),
    host: values.host,
    latencyMs: wholeNumber('latency-ms'),
    seed: wholeNumber('seed'),
    journalLimit: wholeNumber('journal-limit'),
    keepBodies: values['keep-bodies'],
    ...(values.key === undefined ? {} : { key: values.key }),
    ...(values.models === undefined ? {} : { models: values.models.split(',') }),
  });
  process.stdout.write(
    `Simulator at ${simulator.url}\n` +
      `  API      ${simulator.url}/v1 (chat/completions, responses, embeddings, images, audio/transcriptions, moderations, models)\n` +
      `  script   POST ${simulator.url}/__simulator/script\n` +
      `  journal  GET  ${simulator.url}/__simulator/journal\n` +
      `  stats    GET  ${simulator.url}/__simulator/stats\n`,
  );
  const stop = (): void => void simulator.close();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

function wholeNumber(name: 'port' | 'latency-ms' | 'seed' | 'journal-limit'): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= 0) return value;
  process.stderr.write(`--${name} must be a whole number, not "${values[name]}"\n\n${usage}`);
  process.exit(2);
}
