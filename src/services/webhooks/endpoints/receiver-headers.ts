/** A header that a receiver asks for may carry its key; it may not change what a delivery says about itself. */
const RESERVED =
  /^(host|connection|keep-alive|content-.*|transfer-encoding|te|trailer|upgrade|expect|date|via|forwarded|cookie2?|set-cookie2?|user-agent|accept-encoding|webhook-.*|traceparent|tracestate|proxy-.*|sec-.*|x-forwarded-.*|x-real-ip|true-client-ip|cf-.*|cdn-loop|penstock-.*)$/;

/** RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]{1,100}$/i;
const VALUE = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;
const VALUE_CHARACTERS_MAX = 1_000;
const HEADERS_MAX = 16;

export type HeaderMistake = { readonly name: string | null; readonly message: string };

/** What is wrong with the headers that are to go with each delivery. */
export function headerMistakes(headers: Readonly<Record<string, string>>): HeaderMistake[] {
  const names = Object.keys(headers);
  const mistakes: HeaderMistake[] = [];
  if (names.length > HEADERS_MAX) {
    mistakes.push({ name: null, message: `must be at most ${HEADERS_MAX} headers` });
  }
  const met = new Set<string>();
  for (const [name, value] of Object.entries(headers)) {
    const message = nameMistake(name, met) ?? valueMistake(value);
    if (message !== null) mistakes.push({ name, message });
    met.add(name.toLowerCase());
  }
  return mistakes;
}

function nameMistake(name: string, met: ReadonlySet<string>): string | null {
  const lower = name.toLowerCase();
  if (!TOKEN.test(name)) return 'is not the name of a header: letters, digits and dashes';
  if (RESERVED.test(lower)) {
    return `the header ${lower} belongs to the delivery or to its transport and cannot be set`;
  }
  return met.has(lower) ? `the header ${lower} is there twice; names have no case` : null;
}

function valueMistake(value: string): string | null {
  if (value.length > VALUE_CHARACTERS_MAX) {
    return `must be at most ${VALUE_CHARACTERS_MAX} characters`;
  }
  return VALUE.test(value)
    ? null
    : 'must be visible ASCII characters, with spaces only between them';
}

/** The form in which they are stored and sent. */
export function lowerCaseNames(
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
}
