/** The parts of docs/providers.md that follow the registry, and where they stand in it. */
import { globSync, readFileSync } from 'node:fs';

import type { Execution, ModelKind } from '../../src/domain/model/model-call.ts';
import { snakeCase } from '../../src/domain/wire.ts';
import type { ProviderAdapter } from '../../src/providers/port.ts';
import {
  listedModels,
  makeRegistry,
  providerIds,
  settingsOfProvider,
} from '../../src/providers/registry.ts';
import { fullCalls } from './full-calls.ts';

/** A part of the page between its two marks. */
export type PagePart = { readonly name: string; readonly text: string };

export const pagePath = 'docs/providers.md';

/** Every part that is generated: a table of settings, a section for each provider, and what is not verified. */
export function pageParts(): PagePart[] {
  return [
    { name: 'settings', text: settingsTable() },
    ...providerIds.map((id) => ({ name: id, text: providerText(id) })),
    { name: 'unverified', text: unverifiedTable() },
  ];
}

/** The page with its parts brought up to date; a part whose marks are missing is named in `missing`. */
export function updatedPage(page: string): { readonly page: string; readonly missing: string[] } {
  const missing: string[] = [];
  let updated = page;
  for (const { name, text } of pageParts()) {
    const marked = markedPart(name);
    if (!marked.test(updated)) missing.push(name);
    updated = updated.replace(marked, () => `${openMark(name)}\n\n${text}\n\n${closeMark(name)}`);
  }
  return { page: updated, missing };
}

/** A part as it stands in the page, and as it should; formatted tables count as the bare ones. */
export function partIn(page: string, name: string): string | null {
  const found = markedPart(name).exec(page)?.[1];
  return found === undefined ? null : bare(found);
}

export function bare(text: string): string {
  return text
    .replaceAll(/ *\| */g, '|')
    .replaceAll(/-{3,}/g, '---')
    .trim();
}

function openMark(name: string): string {
  return `<!-- generated: ${name} -->`;
}

function closeMark(name: string): string {
  return `<!-- /generated: ${name} -->`;
}

function markedPart(name: string): RegExp {
  return new RegExp(`${openMark(name)}\n([\\s\\S]*?)\n${closeMark(name)}`);
}

function settingsTable(): string {
  const rows = providerIds.map((id) => {
    const entry = settingsOfProvider(id);
    if (entry === null) return [code(id), 'nothing', '', ''];
    const { secretName, baseUrlName, baseUrl, moreSettings = [], required = [] } = entry;
    const needed = [secretName, baseUrl === null ? baseUrlName : null, ...required];
    const needs = needed.flatMap((name) => (name === null ? [] : [code(name)]));
    const other = [...(baseUrl === null ? [] : [baseUrlName]), ...moreSettings];
    const may = other.filter((name) => !required.includes(name)).map(code);
    const needsText =
      needs.join(', ') + (entry.takesAiBinding === true ? ', or an AI binding' : '');
    return [code(id), needsText, may.join(', '), baseUrl ?? ''];
  });
  return table(['provider', 'needs', 'may have', 'where it is'], rows);
}

function providerText(id: string): string {
  const adapter = adapters().get(id);
  if (adapter === undefined) throw new Error(`${id} cannot be made from its settings alone`);
  const { kinds } = adapter.capabilities;
  const rows = kinds.map((kind) => [
    code(stepOf(kind)),
    executionsOf(adapter, kind).map(code).join(', '),
    untold(adapter, kind).join(', '),
  ]);
  const models = [...(listedModels(id)?.entries() ?? [])];
  const listed = models.map(([name, kind]) => `${code(name)} (${stepOf(kind)})`).join(', ');
  return [
    table(['step', 'runs as', 'cannot be told'], rows),
    ...(models.length === 0 ? [] : ['', `Its models: ${listed}.`]),
  ].join('\n');
}

function executionsOf({ capabilities }: ProviderAdapter, kind: ModelKind): readonly Execution[] {
  return capabilities.executions?.[kind] ?? ['sync'];
}

/**
 * The fields that the provider cannot be told, of a call that has them all and a model of no known family; with the
 * execution, where it is one of several that lacks them.
 */
function untold(adapter: ProviderAdapter, kind: ModelKind): string[] {
  const executions = executionsOf(adapter, kind);
  const lacking = executions.map((execution) => ({
    execution,
    names: lackingIn(adapter, kind, execution),
  }));
  const all = new Set(lacking.flatMap(({ names }) => names));
  return [...all].toSorted().map((name) => {
    const where = lacking.filter(({ names }) => names.includes(name));
    if (where.length === executions.length) return code(name);
    return `${code(name)} (${where.map(({ execution }) => code(execution)).join(', ')})`;
  });
}

function lackingIn(adapter: ProviderAdapter, kind: ModelKind, execution: Execution): string[] {
  const [first = [], ...others] = fullCalls(kind).map(
    (call) => adapter.unsupported?.({ ...call, execution }) ?? [],
  );
  const always = first.filter((name) => others.every((names) => names.includes(name)));
  return [...new Set(always)].map(snakeCase);
}

let known: ReadonlyMap<string, ProviderAdapter> | null = null;

/** Every provider, as if all of its settings were there. */
function adapters(): ReadonlyMap<string, ProviderAdapter> {
  known ??= makeRegistry(anySetting, noFetch).adapters;
  return known;
}

function anySetting(name: string): string | undefined {
  return name === 'HTTP_PROVIDERS' ? undefined : 'https://unbound.invalid';
}

function noFetch(): Promise<never> {
  return Promise.reject(new Error('documentation makes no call'));
}

const mark = 'UNVERIFIED:';
const comment = /\/\*\*?[\s\S]*?\*\/|(?:^[ \t]*\/\/.*\n)+/gm;

/** What the code marks as taken over from others' words or from memory, with the comment around the mark. */
function unverifiedTable(): string {
  const files = globSync('src/providers/**/*.ts').toSorted();
  const rows = files.flatMap((file) => {
    const comments = readFileSync(file, 'utf8').matchAll(comment);
    return [...comments]
      .filter(([text]) => text.includes(mark))
      .map(([text]) => [code(file.replace('src/providers/', '')), wordsOf(text)]);
  });
  return table(['in `src/providers`', 'not verified'], rows);
}

function wordsOf(text: string): string {
  return text
    .replaceAll(/^\s*(?:\/\*\*?|\*\/|\*|\/\/)|\*\/$/gm, '')
    .replaceAll(/\s+/g, ' ')
    .replace(mark, '**Not verified:**')
    .trim();
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows];
  return lines
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');
}

function stepOf(kind: ModelKind): string {
  return `model.${kind}`;
}

function code(text: string): string {
  return `\`${text}\``;
}
