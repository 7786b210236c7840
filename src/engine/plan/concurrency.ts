import type { Definition } from '../../domain/definition/definition.ts';
import { formatPath } from '../expression/path.ts';
import {
  compileTemplate,
  readsOf,
  type Template,
  type TemplateProblem,
} from '../expression/template.ts';

/** How many jobs of a pipeline may be under way at once, in all or for each value of a key. */
export type Concurrency = {
  /** Read from the job's input and metadata when it is submitted. */
  readonly key: { readonly template: Template; readonly source: string } | null;
  readonly limit: number;
};

export function compileConcurrency(
  { concurrency }: Definition,
  problems: TemplateProblem[],
): Concurrency | null {
  if (concurrency === undefined) return null;
  const { key, limit } = concurrency;
  if (key === undefined) return { key: null, limit };
  const path = ['concurrency', 'key'];
  const template = compileTemplate(key, path, problems);
  for (const read of readsOf(template)) {
    if (read[0] === 'input' || read[0] === 'metadata') continue;
    const message = `reads \`${formatPath(read)}\`; the key is found when the job is submitted, from \`input\` and \`metadata\``;
    problems.push({ path, message });
  }
  return { key: { template, source: key }, limit };
}
