import { isJsonObject, type Json } from '../../../domain/json.ts';
import { violationsOf } from '../../../domain/violations.ts';
import { jsonFrom } from '../../shared/json-text.ts';
import { serviceSchema, type ServiceSettings } from './schema.ts';

/** What the setting says, service by service: a mistake in one does not touch the others. */
export type ReadServices = {
  readonly services: ReadonlyMap<string, ServiceSettings>;
  /** Services that can be named but not called, and what is wrong with them. */
  readonly invalid: ReadonlyMap<string, string>;
  /** What is wrong with the setting itself, or with services that have no usable id. */
  readonly problems: readonly string[];
};

const idPattern = /^[a-z][a-z0-9-]{0,39}$/;
const servicesMax = 100;
const violationsShown = 3;

/**
 * Reads the list of services, or a single one. `taken` are the ids of providers that are built in. Never throws: what
 * cannot be read is told, and the Worker starts without it.
 */
export function readServices(
  text: string | undefined,
  settingName: string,
  taken: readonly string[],
): ReadServices {
  const services = new Map<string, ServiceSettings>();
  const invalid = new Map<string, string>();
  const problems: string[] = [];
  for (const [at, entry] of entriesOf(text, problems).entries()) {
    const id = isJsonObject(entry) ? entry['id'] : undefined;
    const known = [...taken, ...services.keys(), ...invalid.keys()];
    const wrongId = idProblem(id, known);
    if (typeof id !== 'string' || wrongId !== null) {
      problems.push(`/${at}/id: ${wrongId ?? 'must be a text'}`);
      continue;
    }
    const parsed = serviceSchema.safeParse(entry);
    if (parsed.success) services.set(id, parsed.data);
    else invalid.set(id, `mend ${settingName}: ${sentenceOf(violationsOf(parsed.error, [at]))}`);
  }
  return { services, invalid, problems };
}

function entriesOf(text: string | undefined, problems: string[]): readonly Json[] {
  if (text === undefined || text.trim() === '') return [];
  const value = jsonFrom(text);
  if (value !== undefined && isJsonObject(value)) return [value];
  if (Array.isArray(value)) {
    const list: readonly Json[] = value;
    if (list.length > servicesMax) problems.push(`has more than ${servicesMax} services`);
    return list.slice(0, servicesMax);
  }
  problems.push(value === undefined ? 'is no JSON' : 'must be a list of services, or one service');
  return [];
}

function idProblem(id: Json | undefined, known: readonly string[]): string | null {
  if (typeof id !== 'string' || !idPattern.test(id)) {
    return 'must be a name of small letters, digits and "-", at most 40 characters long';
  }
  return known.includes(id) ? `${JSON.stringify(id)} is the id of another provider` : null;
}

function sentenceOf(violations: ReturnType<typeof violationsOf>): string {
  const shown = violations
    .slice(0, violationsShown)
    .map(({ pointer, message }) => `${pointer} ${message}`);
  const more = violations.length - shown.length;
  return `${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}
