/**
 * What a terminal would obey instead of showing: control characters, and those that turn or hide the direction of text,
 * with which a line can be made to look like another one (UTS #39, "bidirectional text spoofing").
 */
const OBEYED =
  // oxlint-disable-next-line no-control-regex -- these are the ones to be taken out
  /[\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/g;

/** What stands in a log was not always written by us, and it is only to be read. Inside JSON it stays the same JSON. */
export function printable(text: string): string {
  return text.replaceAll(
    OBEYED,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}

/** A value as JSON; what is nested deeper than the stack is said to be so. */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '(nested too deeply to show)';
  }
}
