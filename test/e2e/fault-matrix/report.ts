import { writeFileSync } from 'node:fs';

import type { Expected, FaultCase } from './case.ts';
import type { Seen } from './run-case.ts';

export type Row = {
  readonly fault: FaultCase;
  readonly alone: Seen;
  readonly withNext: Seen;
};

const columns = [
  'asked',
  'class',
  'phase',
  'what happens',
  'one target',
  'calls (paid)',
  'two targets',
  'first (paid) + next',
  'marked as maybe paid twice',
];

/** The matrix as it was seen, as a table in Markdown. */
export function writeMatrix(path: string, rows: readonly Row[]): void {
  const lines = [columns, columns.map(() => '---'), ...rows.map(cellsOf)];
  writeFileSync(path, lines.map((cells) => `| ${cells.join(' | ')} |\n`).join(''));
}

function cellsOf({ fault, alone, withNext }: Row): string[] {
  const { mode, provider, class: failureClass, phase, name } = fault;
  return [
    provider === undefined ? mode : `${mode}: ${provider}`,
    failureClass,
    phase,
    name,
    alone.decision,
    callsOf(alone),
    withNext.decision,
    `${callsOf(withNext)} + ${withNext.next}`,
    `${alone.marked} / ${withNext.marked}`,
  ];
}

function callsOf({ calls, paid }: Pick<Expected, 'calls' | 'paid'>): string {
  return `${calls} (${paid})`;
}
