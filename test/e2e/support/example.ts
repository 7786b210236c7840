import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { ROOT } from '../../../scripts/lib/server.ts';

/** A file of an example, as the README tells users to send it. */
export function example(name: string, file: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, 'examples', name, file), 'utf8')) as unknown;
}

const ZERO_WIDTH = /[\u00AD\u200B-\u200D\u2060\uFEFF]/g;

/** A text as a reader sees it: nothing invisible, plain quotes and dashes, single spaces. */
export function asRead(text: string): string {
  return text
    .normalize('NFC')
    .replaceAll(ZERO_WIDTH, '')
    .replaceAll(/[\u2018\u2019]/g, "'")
    .replaceAll(/[\u201C\u201D]/g, '"')
    .replaceAll(/[\u2010-\u2015]/g, '-')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

const PLACEHOLDER = /\[[A-Z_]+_\d+\]/;

/** True when a cited text is what stands in the original at that place, but for what was redacted. */
export function saysTheSame(cited: string, original: string): boolean {
  const parts = asRead(cited).split(PLACEHOLDER);
  const source = asRead(original);
  if (parts.length === 1) return source === parts[0];
  let from = 0;
  const inOrder = parts.every((part) => {
    const at = source.indexOf(part, from);
    from = at + part.length;
    return at >= 0;
  });
  return inOrder && source.startsWith(parts[0] ?? '') && source.endsWith(parts.at(-1) ?? '');
}
