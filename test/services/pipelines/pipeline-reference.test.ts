import { describe, expect, test } from 'vitest';

import type { EventType } from '../../../src/domain/job/event.ts';
import { stopReasons } from '../../../src/domain/job/attempt.ts';
import { failureClasses } from '../../../src/domain/job/failure.ts';
import { isTerminal, jobStatuses } from '../../../src/domain/job/job.ts';
import { isJsonObject, type Json } from '../../../src/domain/json.ts';
import { stepKinds } from '../../../src/domain/definition/step-kinds.ts';
import { waitingKinds } from '../../../src/domain/job/waiting.ts';
import { compileExpression } from '../../../src/engine/expression/cel.ts';
import { functions } from '../../../src/engine/expression/functions.ts';
import { knownCapabilities, listedModels, providerIds } from '../../../src/providers/registry.ts';
import { checkDefinition } from '../../../src/services/pipelines/check-definition.ts';
import { inputSchemaOf } from '../../../src/services/pipelines/check-step-inputs.ts';
import { definitionJsonSchema } from '../../../src/services/pipelines/definition-schema.ts';
import type { Providers } from '../../../src/services/ports/targets/providers.ts';
import { renderPrompt } from '../../../src/steps/model/prompt.ts';
import { definitionFields, fieldRow } from '../../support/definition-fields.ts';
import {
  codeRows,
  examplesOf,
  readReference,
  sectionOf,
} from '../../support/reference-examples.ts';
import { World } from '../../support/shard-world.ts';

const reference = readReference();
const examples = examplesOf(reference);
const fields = definitionFields(definitionJsonSchema());

const providers: Providers = {
  ids: providerIds,
  get: () => null,
  modelsOf: (id) => [...(listedModels(id)?.keys() ?? [])],
  capabilitiesOf: knownCapabilities,
  kindOf: ({ provider, model }) => {
    const listed = listedModels(provider);
    return listed === null ? null : (listed.get(model) ?? 'unknown_model');
  },
};

describe('the pipeline reference', () => {
  test('describes every field as the published schema has it', () => {
    const rows = codeRows(reference).map((cells) => `| ${cells.join(' | ')} |`);
    const missing = fields.map((field) => fieldRow(field).replaceAll('\\|', '|'));
    expect(missing.filter((row) => !rows.includes(row))).toEqual([]);
  });

  test('describes no field that is not there', () => {
    const described = codeRows(reference).filter((cells) => cells.length === 5);
    expect(described).toHaveLength(fields.length);
  });

  test('has no example that nobody checks', () => {
    const fences = reference.match(/^```/gm)?.length ?? 0;
    const answers = reference.match(/^```json (input|output)$/gm)?.length ?? 0;
    expect(examples.length + answers).toBe(fences / 2);
    for (const { runs, output, line } of examples)
      expect(output !== undefined, `${line}`).toBe(runs);
  });

  test('shows every field in an example', () => {
    const shown = new Set(examples.flatMap(({ definition }) => pathsIn(definition, '')));
    expect(fields.map(({ path }) => path).filter((path) => !shown.has(path))).toEqual([]);
  });

  test.each(stepKinds)('says what %s takes, and shows it', (kind) => {
    const section = sectionOf(reference, `### \`${kind}\``);
    const shape = (inputSchemaOf(kind) as unknown as { shape: object }).shape;
    const unnamed = Object.keys(shape).filter((name) => !section.includes(`\`${name}\``));
    expect(unnamed).toEqual([]);
    expect(section).toContain('```json ');
  });

  test('names every status, reason, class and event', () => {
    const named = new Set(
      codeRows(reference).flatMap(([first]) =>
        (first ?? '').split(',').map((name) => name.trim().replaceAll('`', '')),
      ),
    );
    const words = [
      ...jobStatuses,
      ...waitingKinds,
      ...failureClasses,
      ...stopReasons,
      ...Object.keys(eventTypes),
    ];
    expect(words.filter((word) => !named.has(word))).toEqual([]);
  });

  test('names every function of expressions', () => {
    const section = sectionOf(reference, '## Expressions');
    const names = functions
      .map(({ name }) => name)
      // Operators, our own meters, and a function that no expression can name.
      .filter((name) => /^[a-zA-Z]+$/.test(name));
    expect(names.filter((name) => !section.includes(`${name}(`))).toEqual([]);
  });
});

describe('an expression of the reference gives what it says', () => {
  const scope = {
    ...givenIn(sectionOf(reference, '## Expressions')),
    steps: { a: { status: 'skipped', output: null, error: null } },
  };
  const rows = codeRows(sectionOf(reference, '## Expressions')).filter(isComputed);
  test.each(rows)('%s', (source, value) => {
    const compiled = compileExpression(plain(source));
    const result = compiled.ok ? compiled.compiled.evaluate(scope) : compiled;
    expect(result).toEqual({ ok: true, value: JSON.parse(plain(value)) as Json });
  });
});

describe('a template of the reference gives what it says', () => {
  const section = sectionOf(reference, '## Prompts');
  const { vars } = givenIn(section);
  test.each(codeRows(section))('%s', (content, text) => {
    const messages = [{ role: 'user' as const, content: plain(content) }];
    const rendered = renderPrompt({ messages }, isJsonObject(vars ?? null) ? (vars as never) : {});
    expect(rendered).toMatchObject({ ok: true, value: [{ content: plain(text) }] });
  });
});

describe('an example of the reference', () => {
  test.each(examples)('can be saved: line $line, $heading', ({ definition }) => {
    const checked = checkDefinition(definition, providers);
    expect(checked.ok ? [] : checked.violations).toEqual([]);
  });

  test.each(examples.filter(({ runs }) => runs))(
    'does what it says: line $line, $heading',
    async ({ definition, input, output }) => {
      const checked = checkDefinition(definition, providers);
      if (!checked.ok) throw new Error('it cannot be saved');
      const world = new World();
      const jobId = world.driver.create(checked.definition, { input });
      for (let turn = 0; turn < 10 && !isTerminal(world.driver.state(jobId).status); turn += 1) {
        await world.run(jobId);
        await world.driver.pass(60_000);
      }
      const view = await world.view(jobId);
      expect(view.status).toMatch(/^(partially_)?succeeded$/);
      expect({ output: view.output }).toMatchObject({ output });
    },
  );
});

function plain(cell: string | undefined): string {
  return (cell ?? '').replace(/^`/, '').replace(/`$/, '');
}

/** Rows of an expression and its value, not those that explain names. */
function isComputed(cells: readonly string[]): boolean {
  return /^`[^`]*`$/.test(cells[1] ?? '');
}

/** What a section says its examples are given: `name` = `JSON`. */
function givenIn(section: string): Record<string, Json> {
  return Object.fromEntries(
    [...section.matchAll(/`(\w+)`\s+=\s+`(\{.*?\})`/g)].map(([, name, json]) => [
      name ?? '',
      JSON.parse(json ?? '') as Json,
    ]),
  );
}

/** Where a definition has values, in the way that fields are named. */
function pathsIn(value: Json, path: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => pathsIn(item, `${path}[]`));
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const at = pathOf(path, key);
    return [at, ...pathsIn(inner, at)];
  });
}

function pathOf(path: string, key: string): string {
  if (path === '') return key;
  return path === 'routes' ? 'routes.*' : `${path}.${key}`;
}

const eventTypes: Record<EventType, true> = {
  'job.queued': true,
  'job.started': true,
  'job.waiting': true,
  'job.paused': true,
  'job.resumed': true,
  'job.cancelling': true,
  'job.succeeded': true,
  'job.partially_succeeded': true,
  'job.failed': true,
  'job.cancelled': true,
  'job.expired': true,
  'job.timed_out': true,
  'step.queued': true,
  'step.started': true,
  'step.waiting': true,
  'step.succeeded': true,
  'step.failed': true,
  'step.skipped': true,
  'wait.started': true,
  'wait.completed': true,
  'wait.timed_out': true,
  'attempt.started': true,
  'attempt.succeeded': true,
  'attempt.failed': true,
  'attempt.lost': true,
  'attempt.superseded': true,
  'hedge.skipped': true,
  'attempt.declined': true,
  'attempt.polled': true,
  'attempt.called_back': true,
  'attempt.reconciled': true,
  'target.skipped': true,
  'fallback.taken': true,
  'cache.hit': true,
  'check.failed': true,
  'output.re_asked': true,
  'budget.exceeded': true,
  'cost.unknown': true,
  'cost.adjusted': true,
};
