import { writeFileSync } from 'node:fs';

import type { ListedJobView } from '../../../src/services/views/jobs/job-schema.ts';

/** One kill of the server and its restart, in milliseconds since the epoch. */
export type Round = { readonly killedAtMs: number; readonly readyAtMs: number };

type RoundFigures = {
  /** Jobs that had not ended when the server was killed. */
  readonly jobs_open: number;
  /** From the kill until the server answered again. */
  readonly restart_ms: number;
  /** From the server's first answer to the end of the last of those jobs. */
  readonly recovery_ms: number;
  /** Further kills before that end. */
  readonly kills_meanwhile: number;
};

export type CrashReport = {
  readonly seed: number;
  readonly at: string;
  readonly rounds: readonly RoundFigures[];
  /** Over the rounds that no further kill broke into. */
  readonly recovery_ms: {
    readonly rounds: number;
    readonly median: number | null;
    readonly max: number | null;
  };
  readonly jobs: number;
  readonly tries_unanswered: number;
  readonly calls_needed: number;
  readonly calls_paid: number;
  readonly paid_calls_per_needed_call: number;
};

export function figuresOf(
  rounds: readonly Round[],
  jobs: readonly ListedJobView[],
): readonly RoundFigures[] {
  const spans = jobs.map(({ created_at: from, finished_at: to }) => ({
    fromMs: Date.parse(from),
    toMs: Date.parse(to ?? ''),
  }));
  return rounds.map(({ killedAtMs, readyAtMs }) => {
    const open = spans.filter(({ fromMs, toMs }) => fromMs < killedAtMs && toMs > killedAtMs);
    const endMs = Math.max(readyAtMs, ...open.map(({ toMs }) => toMs));
    return {
      jobs_open: open.length,
      restart_ms: readyAtMs - killedAtMs,
      recovery_ms: endMs - readyAtMs,
      kills_meanwhile: rounds.filter(
        (round) => round.killedAtMs > killedAtMs && round.killedAtMs < endMs,
      ).length,
    };
  });
}

export function summary(rounds: readonly RoundFigures[]): CrashReport['recovery_ms'] {
  const whole = rounds
    .filter((round) => round.kills_meanwhile === 0 && round.jobs_open > 0)
    .map((round) => round.recovery_ms)
    .toSorted((left, right) => left - right);
  return {
    rounds: whole.length,
    median: whole[Math.floor((whole.length - 1) / 2)] ?? null,
    max: whole.at(-1) ?? null,
  };
}

/** Puts a line out where whoever runs the tests sees it. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Prints the figures, and writes them to the file that `PENSTOCK_CRASH_REPORT` names. */
export function tell(report: CrashReport): void {
  const { rounds, recovery_ms: recovery } = report;
  for (const [index, round] of rounds.entries()) {
    const { jobs_open: open, restart_ms: restart, recovery_ms: ms, kills_meanwhile: kills } = round;
    const broken = kills === 0 ? '' : `, through ${kills} more kills`;
    say(
      `round ${index + 1}: ${open} jobs open; up after ${restart} ms; the last ended ${ms} ms later${broken}`,
    );
  }
  say(
    `${report.jobs} jobs, ${report.tries_unanswered} tries unanswered; ${recovery.rounds} whole recoveries, median ${recovery.median} ms, ` +
      `longest ${recovery.max} ms; ${report.calls_paid} calls paid for ${report.calls_needed} needed ` +
      `(${report.paid_calls_per_needed_call}); seed ${report.seed}`,
  );
  const file = process.env['PENSTOCK_CRASH_REPORT'];
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
}
