import { describe, expect, test } from 'vitest';

import type { Json } from '../../../src/domain/json.ts';
import { compileJsonSchema } from '../../../src/services/json-schema/compile.ts';
import { draft2020 } from './cases/2020-12.ts';
import { both } from './cases/both.ts';
import type { Case, CaseTable } from './cases/case.ts';
import { draft07 } from './cases/draft-07.ts';

const URI_07 = 'http://json-schema.org/draft-07/schema#';
const URI_2020 = 'https://json-schema.org/draft/2020-12/schema';

/** The values that are judged otherwise than the case says. */
function misjudged({ schema, good, bad }: Case, uri: string): readonly Json[] {
  const compiled = compileJsonSchema({ $schema: uri, ...schema });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.violations));
  return [
    ...good.filter((value) => compiled.check(value).length > 0),
    ...bad.filter((value) => compiled.check(value).length === 0),
  ];
}

function rowsOf(table: CaseTable): [string, Case][] {
  return Object.entries(table);
}

describe('draft-07 judges as its specification says', () => {
  test.each([...rowsOf(both), ...rowsOf(draft07)])('%s', (_name, row) => {
    expect(misjudged(row, URI_07)).toEqual([]);
  });
});

describe('2020-12 judges as its specification says', () => {
  test.each([...rowsOf(both), ...rowsOf(draft2020)])('%s', (_name, row) => {
    expect(misjudged(row, URI_2020)).toEqual([]);
  });
});

test('every violation of every case has a sentence of its own', () => {
  const general: string[] = [];
  for (const [uri, table] of [
    [URI_07, { ...both, ...draft07 }],
    [URI_2020, { ...both, ...draft2020 }],
  ] as const) {
    for (const [, { schema, bad }] of rowsOf(table)) {
      const compiled = compileJsonSchema({ $schema: uri, ...schema });
      const found = compiled.ok ? bad.flatMap((value) => compiled.check(value)) : [];
      general.push(...found.map(({ message }) => message).filter((text) => /the rule/.test(text)));
    }
  }
  expect(general).toEqual([]);
});
