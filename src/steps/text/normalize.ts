import { z } from 'zod';

import type { TransformStep } from '../port.ts';
import { applyEdits } from './edits.ts';
import { type ChangeKind, NO_CHANGES, normalizePasses } from './normalize-passes.ts';
import { compose, type SourceMap } from './source-map.ts';
import { readSourceMap, sourceMapField, textField } from './text-input.ts';

const input = z.strictObject({
  text: textField,
  source_map: sourceMapField,
  straighten_quotes: z.boolean().default(true),
  join_hyphenated: z.boolean().default(false),
});

export type NormalizeOutput = {
  readonly text: string;
  readonly source_map: SourceMap;
  /** How many places each kind of change touched. */
  readonly changes: Readonly<Record<ChangeKind, number>>;
};

/** Makes texts from anywhere alike: composed, plainly spaced, with nothing invisible in them. */
export const textNormalize = {
  version: 1,
  input,
  run(given) {
    const source = readSourceMap(given.text, given.source_map);
    if (!source.ok) return source;
    const passes = normalizePasses({
      straightenQuotes: given.straighten_quotes,
      joinHyphenated: given.join_hyphenated,
    });

    const changes = { ...NO_CHANGES };
    let { text } = given;
    let map = source.value;
    for (const pass of passes) {
      const edits = pass.edits(text);
      if (edits.length === 0) continue;
      const edited = applyEdits(text, edits);
      text = edited.text;
      map = compose(edited.map, map);
      changes[pass.kind] += edits.length;
    }
    return { ok: true, value: { text, source_map: map, changes } };
  },
} satisfies TransformStep<typeof input, NormalizeOutput>;
