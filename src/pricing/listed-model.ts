import type { MatchLogic, ModelInfo } from '@pydantic/genai-prices';

/** What follows a model's name when it is the next version of it: `-5` in `claude-sonnet-5-5`, `.1` in `x-5.1`. */
const nextVersion = /^[-.]\d{1,2}(?!\d)/;
const plainDate = /-(20\d{2})([01]\d)([0-3]\d)(?=-|:|$)/g;

/**
 * Whether the price data's entry is about this model. Its patterns take anything that begins like a known model, and
 * so would price the next version like the last one; a version is another model here. `exactly` takes only names
 * that the entry spells out.
 */
export function isSameModel({ id, match }: ModelInfo, model: string, exactly: boolean): boolean {
  const name = model.toLowerCase();
  const spellings = [name, name.replaceAll(plainDate, '-$1-$2-$3')];
  return spellings.some(
    (spelling) => spelling === id.toLowerCase() || fits(match, spelling, exactly),
  );
}

function fits(match: MatchLogic, name: string, exactly: boolean): boolean {
  if ('or' in match) return match.or.some((part) => fits(part, name, exactly));
  if ('and' in match) return match.and.every((part) => fits(part, name, exactly));
  if ('equals' in match) return name === match.equals.toLowerCase();
  if (exactly) return false;
  if ('regex' in match) return new RegExp(match.regex).test(name);
  if ('ends_with' in match) return name.endsWith(match.ends_with.toLowerCase());
  if ('contains' in match) return isWithin(name, match.contains.toLowerCase());
  return name.startsWith(match.starts_with.toLowerCase())
    ? isWithin(name, match.starts_with.toLowerCase())
    : false;
}

function isWithin(name: string, part: string): boolean {
  const at = name.indexOf(part);
  return at >= 0 && !nextVersion.test(name.slice(at + part.length));
}
