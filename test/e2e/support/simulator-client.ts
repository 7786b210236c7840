import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';

import type { JournalEntry } from '../../support/simulator/journal.ts';
import type { Stats } from '../../support/simulator/stats.ts';
import type { RuleInput } from '../../support/simulator/types.ts';

/** A model name that no other test uses: what is scripted for it concerns nobody else. */
export function newModel(): string {
  return `e2e-${randomBytes(6).toString('hex')}`;
}

/** Adds rules behind those that other tests have added for their models. */
export async function addRules(...rules: readonly RuleInput[]): Promise<void> {
  await control('POST', '/__simulator/rules', rules);
}

/** The calls that a model has got so far. */
export async function callsOf(model: string): Promise<readonly JournalEntry[]> {
  const { entries } = await control<{ entries: JournalEntry[] }>('GET', '/__simulator/journal');
  return entries.filter((entry) => entry.model === model);
}

/** The totals of a model. */
export async function statsOf(model: string): Promise<Stats['by_model'][string] | undefined> {
  const { by_model: byModel } = await control<Stats>('GET', '/__simulator/stats');
  return byModel[model];
}

async function control<Body>(method: string, path: string, body?: unknown): Promise<Body> {
  const answer = await fetch(`${inject('shared').simulatorUrl}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
  return JSON.parse(text) as Body;
}
