// oxlint-disable-next-line no-control-regex -- colours are told to a terminal by a control character
const COLORS = /\u001B\[[\d;]*m/g;
const SIGNED = /^(?:▲ \[WARNING\]|✘ \[ERROR\]) (?<json>\{.*)$/u;

/**
 * A line as the Worker wrote it: what it writes with `console.warn` and `console.error`, the local server prints in
 * colours and behind a sign of its own, whatever it is told of colours.
 */
export function unwrapLine(line: string): string {
  return SIGNED.exec(line.replaceAll(COLORS, ''))?.groups?.['json'] ?? line;
}
