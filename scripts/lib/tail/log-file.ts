import { closeSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** A log that has grown to this is begun anew: whoever follows it has read it. */
const FILE_BYTES_MAX = 64 * 1024 * 1024;

/** Begins a file that `npm run tail` follows. */
export function openLogFile(path: string): { write(line: string): void } {
  mkdirSync(dirname(path), { recursive: true });
  closeSync(openSync(path, 'w'));
  const file = openSync(path, 'a');
  let bytes = 0;
  return {
    write(line) {
      if (bytes > FILE_BYTES_MAX) {
        ftruncateSync(file);
        bytes = 0;
      }
      bytes += writeSync(file, `${line}\n`);
    },
  };
}
