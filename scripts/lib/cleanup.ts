/**
 * What has to happen before this process ends, however it ends: normally, by an error, or by Ctrl-C. Only a
 * SIGKILL gets past it.
 */
const cleanups = new Set<() => void>();
let installed = false;

/** Runs `cleanup` when the process ends; it must be synchronous. Returns a function that takes it back. */
export function beforeExit(cleanup: () => void): () => void {
  install();
  cleanups.add(cleanup);
  return () => cleanups.delete(cleanup);
}

function install(): void {
  if (installed) return;
  installed = true;
  process.on('exit', () => {
    // The last one first: a server ends before its folder goes.
    for (const cleanup of [...cleanups].toReversed()) cleanup();
  });
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.on(signal, () => process.exit(code));
  }
}
