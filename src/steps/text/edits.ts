import { type SourceMap, sourceMapBuilder } from './source-map.ts';

/** Puts `replacement` where `[start, end)` was; an empty replacement deletes. The range is never empty. */
export type Edit = { readonly start: number; readonly end: number; readonly replacement: string };

/** The edited text, and where its characters came from. Edits are in order and do not overlap. */
export function applyEdits(
  text: string,
  edits: readonly Edit[],
): { readonly text: string; readonly map: SourceMap } {
  const parts: string[] = [];
  const builder = sourceMapBuilder();
  let at = 0;
  for (const edit of edits) {
    parts.push(text.slice(at, edit.start), edit.replacement);
    builder.copy(at, edit.start - at);
    builder.replace(edit, edit.replacement.length);
    at = edit.end;
  }
  parts.push(text.slice(at));
  builder.copy(at, text.length - at);
  return { text: parts.join(''), map: builder.finish() };
}

/** One edit for every match that `replace` changes; `null` leaves a match as it is. */
export function editsOf(
  text: string,
  pattern: RegExp,
  replace: (match: string, index: number) => string | null,
): Edit[] {
  const edits: Edit[] = [];
  for (const match of text.matchAll(pattern)) {
    const replacement = replace(match[0], match.index);
    if (replacement === null) continue;
    edits.push({ start: match.index, end: match.index + match[0].length, replacement });
  }
  return edits;
}
