import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Cron } from 'croner';
import { parse } from 'smol-toml';

import { ROOT } from './server.ts';

/** The Worker's schedules, in UTC, as `wrangler.toml` has them. */
function schedules(): string[] {
  const config = parse(readFileSync(join(ROOT, 'wrangler.toml'), 'utf8'));
  const { triggers } = config;
  if (typeof triggers !== 'object' || !('crons' in triggers)) return [];
  const { crons } = triggers;
  return Array.isArray(crons) ? crons.filter((cron) => typeof cron === 'string') : [];
}

/** Fires the Worker's schedules, which the local runtime never does by itself. */
export function fireSchedules(url: string, report: (line: string) => void): { stop: () => void } {
  const jobs = schedules().map(
    (cron) => new Cron(cron, { timezone: 'UTC', protect: true }, () => fire(url, cron, report)),
  );
  return {
    stop() {
      for (const job of jobs) job.stop();
    },
  };
}

async function fire(url: string, cron: string, report: (line: string) => void): Promise<void> {
  try {
    const query = new URLSearchParams({ cron, format: 'json' });
    const answer = await fetch(`${url}/cdn-cgi/handler/scheduled?${query}`);
    if (!answer.ok) report(`the schedule "${cron}" answered ${answer.status}`);
  } catch (error) {
    report(`the schedule "${cron}" could not be fired: ${String(error)}`);
  }
}
