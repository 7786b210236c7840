import { Liquid, type Template } from 'liquidjs';

import type { PromptDefinition } from '../../domain/definition/definition.ts';
import type { Outcome } from '../../domain/job/failure.ts';
import { jsonPointer, type JsonObject } from '../../domain/json.ts';
import type { ChatMessage } from '../../domain/model/model-call.ts';
import type { Violation } from '../../domain/job/failure.ts';

/**
 * Prompts are Liquid templates over `vars`. Only own properties are reachable, an unknown variable is an error,
 * and nothing can be included from elsewhere. Limits count memory and template size, not time: a Worker's
 * clock stands still while it computes.
 */
const REMOVED_TAGS = ['include', 'render', 'layout', 'block'] as const;

const engine = makeEngine();

function makeEngine(): Liquid {
  const liquid = new Liquid({
    ownPropertyOnly: true,
    strictVariables: true,
    strictFilters: true,
    parseLimit: 200_000,
    memoryLimit: 20_000_000,
    renderLimit: 5_000,
  });
  for (const tag of REMOVED_TAGS) {
    liquid.registerTag(tag, {
      parse() {
        throw new Error(`the tag "${tag}" is not available in prompts`);
      },
      render: () => '',
    });
  }
  return liquid;
}

/** Fills a prompt's templates in. */
export function renderPrompt(
  prompt: PromptDefinition,
  vars: JsonObject,
): Outcome<readonly ChatMessage[]> {
  const messages: ChatMessage[] = [];
  for (const [index, { role, content }] of prompt.messages.entries()) {
    try {
      const text: unknown = engine.parseAndRenderSync(content, { vars });
      messages.push({ role, content: String(text) });
    } catch (error) {
      const message = `prompt message ${index} cannot be filled in: ${sentence(error)}`;
      return { ok: false, failure: { class: 'expression_failed', phase: 'not_sent', message } };
    }
  }
  return { ok: true, value: messages };
}

/**
 * Checks a prompt when its pipeline is saved: it parses, and it names no variable that the step does not give.
 * `declared` is null when the names are not known before the run.
 */
export function checkPrompt(
  prompt: PromptDefinition,
  declared: readonly string[] | null,
  path: readonly PropertyKey[],
): Violation[] {
  return prompt.messages.flatMap(({ content }, index) => {
    const pointer = jsonPointer([...path, 'messages', index, 'content']);
    try {
      const templates = engine.parse(content);
      return undeclared(templates, declared).map((name) => ({
        pointer,
        code: 'prompt_variable',
        message: unknownVariable(name, declared ?? []),
      }));
    } catch (error) {
      return [
        { pointer, code: 'prompt', message: `is not a valid Liquid template: ${sentence(error)}` },
      ];
    }
  });
}

function undeclared(templates: Template[], declared: readonly string[] | null): string[] {
  const segments = engine.globalVariableSegmentsSync(templates);
  const names = segments.flatMap(([root, name]) => {
    if (root !== 'vars') return [String(root)];
    const known = declared === null || typeof name !== 'string' || declared.includes(name);
    return known ? [] : [`vars.${name}`];
  });
  return [...new Set(names)];
}

function unknownVariable(name: string, declared: readonly string[]): string {
  if (!name.startsWith('vars.')) {
    return `names \`${name}\`; a prompt sees only \`vars\`: write \`vars.${name}\` and give it in \`with.vars\``;
  }
  const given = declared.length === 0 ? 'it gives none' : `it gives ${declared.join(', ')}`;
  return `names \`${name}\`, which the step's \`with.vars\` does not give; ${given}`;
}

/** The library's message without the excerpt of the template that it appends. */
function sentence(error: unknown): string {
  const text = error instanceof Error ? error.message : 'unknown error';
  return text.split('\n')[0] ?? text;
}
