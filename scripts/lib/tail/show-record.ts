import { jsonText, printable } from './printable.ts';
import type { LogRecord } from './records.ts';

export type Showing = {
  readonly color: boolean;
  /** True to show the ids that only machines read. */
  readonly all: boolean;
};

const COLORS = { debug: 90, info: 36, warn: 33, error: 31 } as const;
const DIM = 2;
const NANO_PER_USD = 1e9;

/** Shown in a place of their own, or left out unless everything is wanted. */
const PLACED: ReadonlySet<string> = new Set([
  'pipeline',
  'job_id',
  'step',
  'item',
  'attempt',
  'provider',
  'model',
  'method',
  'route',
  'status',
  'outcome',
  'latency_ms',
  'cost_nano_usd',
  'stack',
]);
const FOR_MACHINES: ReadonlySet<string> = new Set(['trace_id', 'project', 'actor', 'message_id']);

/** A record as a line for people; its stack, if it has one, on lines below. */
export function showRecord(
  { level, event, at, fields }: LogRecord,
  { color, all }: Showing,
): string {
  const paint = (text: string, code: number) =>
    color && text !== '' ? `\u001B[${code}m${text}\u001B[0m` : text;
  const rest = Object.entries(fields)
    .filter(([name, value]) => !PLACED.has(name) && value !== null)
    .filter(([name]) => all || !FOR_MACHINES.has(name))
    .map(([name, value]) => `${printable(name)}=${textOf(value)}`);
  const parts = [
    paint(printable(at.slice(11, 23)), DIM),
    paint(level.toUpperCase().padEnd(5), COLORS[level]),
    textOf(event).padEnd(15),
    ...aboutOf(fields),
    ...becameOf(fields),
    paint(rest.join(' '), DIM),
  ];
  const stack = typeof fields['stack'] === 'string' ? stackLines(fields['stack']) : '';
  return `${parts.filter((part) => part !== '').join(' ')}${paint(stack, DIM)}`;
}

function aboutOf(fields: LogRecord['fields']): string[] {
  const { method, route, pipeline, job_id: job } = fields;
  return [...texts(method, route, pipeline, job), attemptOf(fields), targetOf(fields)];
}

/** `read[7]#2` */
function attemptOf({ step, item, attempt }: LogRecord['fields']): string {
  if (typeof step !== 'string') return '';
  const which = typeof item === 'number' ? `[${item}]` : '';
  return `${textOf(step)}${which}${typeof attempt === 'number' ? `#${attempt}` : ''}`;
}

function targetOf({ provider, model }: LogRecord['fields']): string {
  return texts(provider, model).join('/');
}

function becameOf(fields: LogRecord['fields']): string[] {
  const { status, outcome, latency_ms: latencyMs, cost_nano_usd: cost } = fields;
  return [
    ...texts(status, outcome),
    typeof latencyMs === 'number' ? `${latencyMs} ms` : '',
    typeof cost === 'number' ? usd(cost) : '',
    cost === null && 'outcome' in fields ? 'cost unknown' : '',
  ];
}

/** To the nano-dollar; whole micro-dollars without it. */
function usd(nanoUsd: number): string {
  return `$${(nanoUsd / NANO_PER_USD).toFixed(9).replace(/0{1,3}$/, '')}`;
}

function texts(...values: readonly unknown[]): string[] {
  return values.filter((value) => value !== undefined && value !== null).map(textOf);
}

function stackLines(stack: string): string {
  return stack
    .split('\n')
    .map((line) => `\n      ${printable(line)}`)
    .join('');
}

function textOf(value: unknown): string {
  return printable(typeof value === 'string' ? value : jsonText(value));
}
