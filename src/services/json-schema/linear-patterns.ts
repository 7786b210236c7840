import { RE2JS } from '@bufbuild/re2';

/**
 * The library compiles `pattern` and `patternProperties` with the JavaScript engine, where a pattern such as
 * `(a+)+$` takes exponential time. Schemas come from users, so both keywords are compiled with RE2 instead,
 * which is linear and refuses look-around and back-references.
 */
export type Matcher = { test(text: string): boolean };

export function compilePattern(pattern: string): Matcher {
  const compiled = new RE2JS(pattern);
  return { test: (text) => compiled.test(text) };
}

/** Why RE2 refuses a pattern; null when it takes it. */
export function patternProblem(pattern: string): string | null {
  try {
    compilePattern(pattern);
    return null;
  } catch {
    return 'is not an RE2 pattern: look-around and back-references are not available';
  }
}
