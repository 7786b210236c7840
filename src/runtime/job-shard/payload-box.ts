import type { JobId } from '../../domain/ids.ts';
import type { Json } from '../../domain/json.ts';
import type { Book } from './book.ts';
import type { Sql } from './sql.ts';
import { itemOutput } from './tables/items.ts';
import type { Inline } from './tables/jobs.ts';
import { loadPayload, savePayload } from './tables/payloads.ts';

/** A value this long at most lies in the job's own row, as long as the row stays below `INLINE_TOTAL_MAX`. */
const INLINE_VALUE_MAX = 8_192;
const INLINE_TOTAL_MAX = 65_536;

/** Names of payloads within their job. */
export const payloadKeys = {
  input: 'input',
  output: (step: string) => `output/${step}`,
  itemOutput: (step: string, item: number) => `output/${step}/${item}`,
  /** An answer that failed its check. */
  rejected: (step: string, item: number | null) =>
    item === null ? `rejected/${step}` : `rejected/${step}/${item}`,
  /** What else a provider's adapter needs to ask for an attempt's work. */
  ticket: (attemptKey: string) => `ticket/${attemptKey}`,
  /** What a provider said of a failed attempt. */
  detail: (attemptKey: string) => `detail/${attemptKey}`,
} as const;

/** Small payloads and how much room they take; grows as values are put in. */
export type Box = { inline: Inline; length: number; changed: boolean };

export function openBox(inline: Inline, book: Pick<Book, 'inlineLength'>): Box {
  return { inline, length: book.inlineLength, changed: false };
}

/** Puts a value into the job's row if there is room, else into a row of its own. */
export function putPayload(sql: Sql, jobId: JobId, box: Box, key: string, value: Json): void {
  const body = JSON.stringify(value);
  dropInline(box, key);
  const fits = body.length <= INLINE_VALUE_MAX && box.length + body.length <= INLINE_TOTAL_MAX;
  if (!fits) {
    savePayload(sql, jobId, key, body);
    return;
  }
  box.inline = { ...box.inline, values: { ...box.inline.values, [key]: value } };
  box.length += body.length;
  box.changed = true;
}

/** A value that is replaced may go elsewhere than the one before it, which must not be found any more. */
function dropInline(box: Box, key: string): void {
  const { [key]: former, ...values } = box.inline.values;
  if (former === undefined) return;
  box.inline = { ...box.inline, values };
  box.length -= JSON.stringify(former).length;
  box.changed = true;
}

/** Keeps values that control expressions read; they are small by contract. */
export function putControl(box: Box, control: Readonly<Record<string, Json>>): void {
  if (Object.keys(control).length === 0) return;
  box.inline = { ...box.inline, control: { ...box.inline.control, ...control } };
  box.changed = true;
}

/** A payload of the job, wherever in the shard it lies; undefined when it was erased or never was. */
export function getPayload(sql: Sql, jobId: JobId, inline: Inline, key: string): Json | undefined {
  if (Object.hasOwn(inline.values, key)) return inline.values[key];
  const item = /^output\/([^/]+)\/(\d+)$/.exec(key);
  if (item?.[1] !== undefined) {
    const output = itemOutput(sql, jobId, item[1], Number(item[2]));
    if (output !== undefined) return output;
  }
  return loadPayload(sql, jobId, key);
}
