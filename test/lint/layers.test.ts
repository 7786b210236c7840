import { describe, expect, test } from 'vitest';

import layers from './layers.mjs';

/** What the rule says of an import in a file. */
function objection(filename: string, specifier: string): string | null {
  const messages: string[] = [];
  const visitors = layers.rules.direction.create({
    filename: `/repo/src/${filename}`,
    report: ({ message }: { message: string }) => messages.push(message),
  });
  visitors['ImportDeclaration']?.({ source: { value: specifier } });
  return messages[0] ?? null;
}

describe('the layer rule', () => {
  test.each([
    ['domain/a.ts', '../http/app.ts'],
    ['engine/a.ts', '../services/a.ts'],
    ['http/a.ts', '../runtime/a.ts'],
    ['http/a.ts', '../engine/a.ts'],
    ['services/a.ts', '../providers/registry.ts'],
    ['services/a.ts', 'hono'],
    ['services/a.ts', 'cloudflare:workers'],
    ['http/a.ts', 'drizzle-orm/d1'],
    ['domain/a.ts', 'hono'],
    ['engine/expression/a.ts', '../../runtime/a.ts'],
    ['runtime/a.ts', 'node:fs'],
  ])('refuses %s importing %s', (file, specifier) => {
    expect(objection(file, specifier)).not.toBeNull();
  });

  test.each([
    ['domain/a.ts', 'zod'],
    ['engine/a.ts', '@bufbuild/cel/ext'],
    ['engine/a.ts', '../domain/a.ts'],
    ['services/run/a.ts', '../../providers/port.ts'],
    ['runtime/a.ts', '../services/a.ts'],
    ['http/a.ts', '@hono/zod-openapi'],
    ['compose.ts', './runtime/a.ts'],
    ['index.ts', './http/app.ts'],
  ])('lets %s import %s', (file, specifier) => {
    expect(objection(file, specifier)).toBeNull();
  });
});
