import { setTimeout as pause } from 'node:timers/promises';

/** A callback as a vendor sends it. */
export type Report = {
  readonly url: string;
  /** Beside the content type. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
};

const triesMax = 5;
const betweenTriesMs = 200;

/** Sends a callback after a while, and again when it is not taken, as vendors do. Nobody waits for it. */
export function reportLater(afterMs: number, make: () => Report): void {
  setTimeout(() => void send(make()), afterMs).unref();
}

async function send(report: Report): Promise<void> {
  for (let left = triesMax; left > 0; left -= 1) {
    if (await isTaken(report)) return;
    await pause(betweenTriesMs, undefined, { ref: false });
  }
}

async function isTaken({ url, headers, text }: Report): Promise<boolean> {
  try {
    const init = { 'content-type': 'application/json', ...headers };
    const response = await fetch(url, { method: 'POST', headers: init, body: text });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
