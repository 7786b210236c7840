import { z } from 'zod';

import type { TransformStep } from '../port.ts';
import type { Detection } from './detect/detection.ts';
import { withMasks } from './detect/mask.ts';
import { isSupportedCountry } from './detect/phone.ts';
import { applyEdits } from './edits.ts';
import { type DetectOptions, detectors, entities, type Entity } from './entities.ts';
import { compose, locate, type SourceMap } from './source-map.ts';
import { readSourceMap, sourceMapField, textField } from './text-input.ts';

const input = z.strictObject({
  text: textField,
  source_map: sourceMapField,
  entities: z
    .array(z.enum(entities))
    .min(1, 'must name at least one entity; leave it out for all of them')
    .default([...entities]),
  default_country: z
    .string()
    .refine(isSupportedCountry, 'must be a two-letter country code in capitals, such as "US"')
    .optional(),
});

type Found = Detection & { readonly entity: Entity };

export type Finding = {
  readonly entity: Entity;
  readonly placeholder: string;
  readonly start: number;
  readonly end: number;
  readonly source_start: number;
  readonly source_end: number;
};

export type RedactOutput = {
  readonly text: string;
  readonly source_map: SourceMap;
  /** In order of place. What was found is not in it. */
  readonly findings: readonly Finding[];
  /** How many places each entity was found in; only the entities that were asked for. */
  readonly counts: Readonly<Record<string, number>>;
};

/** Puts a placeholder where a text holds something private; the same value gets the same placeholder. */
export const textRedact = {
  version: 1,
  input,
  run(given) {
    const source = readSourceMap(given.text, given.source_map);
    if (!source.ok) return source;
    const wanted = new Set(given.entities);
    const found = detectAll(given.text, wanted, { defaultCountry: given.default_country });
    const placeholders = placeholdersFor(given.text, found);

    const { text, map } = applyEdits(
      given.text,
      found.map(({ start, end }, index) => ({
        start,
        end,
        replacement: placeholders[index] ?? '',
      })),
    );
    const findings = found.map(({ entity, start, end }, index): Finding => {
      const { start: source_start, end: source_end } = locate(source.value, start, end);
      return {
        entity,
        placeholder: placeholders[index] ?? '',
        start,
        end,
        source_start,
        source_end,
      };
    });
    return {
      ok: true,
      value: {
        text,
        source_map: compose(map, source.value),
        findings,
        counts: countByEntity(wanted, found),
      },
    };
  },
} satisfies TransformStep<typeof input, RedactOutput>;

/** Everything wanted, in order of place. What one detector found is hidden from the ones after it. */
function detectAll(text: string, wanted: ReadonlySet<Entity>, options: DetectOptions): Found[] {
  const found: Found[] = [];
  let masked = text;
  for (const entity of entities) {
    if (!wanted.has(entity)) continue;
    const fresh = detectors[entity](masked, options).filter(
      ({ start, end }) => masked.slice(start, end) === text.slice(start, end),
    );
    masked = withMasks(masked, fresh);
    for (const detection of fresh) found.push({ ...detection, entity });
  }
  return found.toSorted((a, b) => a.start - b.start);
}

/** A placeholder for each finding, numbered by first place. Placeholders that the text already has are not given again. */
function placeholdersFor(text: string, found: readonly Found[]): string[] {
  const taken = new Set(text.match(/\[[A-Z_]{3,20}_\d{1,7}\]/g));
  const known = new Map<string, string>();
  const numbers = new Map<Entity, number>();

  function next(entity: Entity): string {
    let number = numbers.get(entity) ?? 0;
    let placeholder: string;
    do {
      number += 1;
      placeholder = `[${entity.toUpperCase()}_${number}]`;
    } while (taken.has(placeholder));
    numbers.set(entity, number);
    return placeholder;
  }

  return found.map(({ entity, key }) => {
    const identity = `${entity} ${key}`;
    const placeholder = known.get(identity) ?? next(entity);
    known.set(identity, placeholder);
    return placeholder;
  });
}

function countByEntity(
  wanted: ReadonlySet<Entity>,
  found: readonly Found[],
): Readonly<Record<string, number>> {
  const counts = new Map<string, number>([...wanted].map((entity) => [entity, 0]));
  for (const { entity } of found) counts.set(entity, (counts.get(entity) ?? 0) + 1);
  return Object.fromEntries(counts);
}
