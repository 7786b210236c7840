import { readFileSync } from 'node:fs';

import { isJsonObject, type Json, type JsonObject } from '../../src/domain/json.ts';

/** A fenced example of the reference, with what stands below it. */
export type Example = {
  /** Where it stands, for the names of tests. */
  readonly line: number;
  /** The heading above it. */
  readonly heading: string;
  /** As a definition; a step alone is put into one. */
  readonly definition: JsonObject;
  readonly runs: boolean;
  readonly input: Json;
  readonly output: Json | undefined;
};

const FENCE = /^```json (definition|step|input|output)( run)?\n([\s\S]*?)^```$/gm;

/** Routes that examples of a single step may name. */
const ROUTES = { chat: { targets: [{ provider: 'openai', model: 'gpt-5.4-mini' }] } };

export function readReference(path = 'docs/pipeline-reference.md'): string {
  return readFileSync(path, 'utf8');
}

type Block = {
  readonly kind: string;
  readonly runs: boolean;
  readonly value: Json;
  readonly at: number;
};

/** Every example: a definition or a step, and the input and output that follow it. */
export function examplesOf(text: string): Example[] {
  const blocks = [...text.matchAll(FENCE)].map(
    ({ 1: kind = '', 2: run, 3: body = '', index }): Block => ({
      kind,
      runs: run !== undefined,
      value: JSON.parse(body) as Json,
      at: index,
    }),
  );
  return blocks.flatMap((block, index) => {
    if (!isJsonObject(block.value)) return [];
    const { kind, runs, value } = block;
    const above = text.slice(0, block.at);
    const about = {
      line: above.split('\n').length,
      heading: [...above.matchAll(/^#+ (.*)$/gm)].at(-1)?.[1] ?? '',
      runs,
      ...answersOf(blocks.slice(index + 1)),
    };
    if (kind === 'step') return [{ ...about, definition: { name: 'example', ...around(value) } }];
    return kind === 'definition' ? [{ ...about, definition: { name: 'example', ...value } }] : [];
  });
}

/** The input and output that stand below an example. */
function answersOf([first, second]: readonly Block[]): Pick<Example, 'input' | 'output'> {
  const given = first?.kind === 'input';
  const answer = given ? second : first;
  return {
    input: given ? first.value : {},
    output: answer?.kind === 'output' ? answer.value : undefined,
  };
}

function around(step: JsonObject): JsonObject {
  const named = typeof step['route'] === 'string' ? { routes: ROUTES } : {};
  const id = typeof step['id'] === 'string' ? step['id'] : '';
  return { ...named, steps: [step], output: `\${{ steps.${id}.output }}` };
}

/** The cells of every table row whose first cell is code, without the marks around code. */
export function codeRows(text: string): (readonly string[])[] {
  return [...text.matchAll(/^\| `.*\|$/gm)].map(([row]) =>
    row
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll('\\|', '|')),
  );
}

/** The text below a heading, up to the next one of the same depth. */
export function sectionOf(text: string, heading: string): string {
  const [marks = '##'] = heading.split(' ');
  const start = text.indexOf(`\n${heading}\n`);
  if (start === -1) return '';
  const end = text.indexOf(`\n${marks} `, start + heading.length);
  return text.slice(start, end === -1 ? undefined : end);
}
