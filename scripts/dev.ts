import { isAbsolute, join } from 'node:path';
import { parseArgs } from 'node:util';

import { fireSchedules } from './lib/cron.ts';
import { ROOT, startServer } from './lib/server.ts';
import { openLogFile } from './lib/tail/log-file.ts';
import { logFileIn } from './lib/tail/sources.ts';
import { unwrapLine } from './lib/tail/unwrap-line.ts';
import {
  keepLocalSecret,
  newRootKey,
  newSigningSecret,
  readDevVars,
  settingsFromShell,
  type Settings,
} from './lib/settings.ts';

/** `npm run dev`: the Worker on this machine until Ctrl-C. */
const HELP = `npm run dev -- [--port 8787] [--persist-to .wrangler/state]

Serves Penstock on 127.0.0.1. State survives restarts in the folder given with --persist-to.
Settings come from .dev.vars; variables of the same names in the shell win.`;

/** What the Worker logs, and what went wrong underneath; the rest of the tool's talk helps nobody. */
const WORTH_SHOWING = /^\{|error|reload|\bfailed\b/i;
const NOISE = /Request\.cf|workers\.cloudflare\.com|GetAddrInfoReqWrap/;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Receivers of webhooks under development are on this machine. */
const FOR_DEVELOPMENT = { ALLOW_LOOPBACK_URLS: 'true' };

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '8787' },
      'persist-to': { type: 'string', default: join('.wrangler', 'state') },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    say(HELP);
    return;
  }
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Error(`--port takes a number from 1 to 65535, not ${values.port}`);
  }
  const given = values['persist-to'];
  const persistTo = isAbsolute(given) ? given : join(process.cwd(), given);
  const settings: Settings = { ...FOR_DEVELOPMENT, ...readDevVars(ROOT), ...settingsFromShell() };
  const made = settings['ROOT_API_KEY'] === undefined;
  if (made) settings['ROOT_API_KEY'] = keepLocalSecret(ROOT, 'ROOT_API_KEY', newRootKey());
  settings['SIGNING_SECRET'] ??= keepLocalSecret(ROOT, 'SIGNING_SECRET', newSigningSecret());

  const log = openLogFile(logFileIn(persistTo));
  const server = await startServer({
    port,
    persistTo,
    settings,
    onLine(printed) {
      const line = unwrapLine(printed);
      if (line.startsWith('{')) log.write(line);
      if (WORTH_SHOWING.test(line) && !NOISE.test(line)) say(line);
    },
  });
  const schedules = fireSchedules(server.url, say);
  say('');
  say(`Penstock listens on ${server.url} (documentation at ${server.url}/docs).`);
  say(`ROOT_API_KEY=${settings['ROOT_API_KEY'] ?? ''}${made ? '   (new; kept in .dev.vars)' : ''}`);
  say('Stop with Ctrl-C.');
  const reason = await server.ended;
  schedules.stop();
  throw new Error(reason);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
