import { settled } from '../simulation/world/clock.ts';

/**
 * Signatures are made on a thread of their own, in real time: who keeps a time of his own has to wait for them before
 * it may pass.
 */
const open = { count: 0 };

const { subtle } = globalThis.crypto;
const sign = subtle.sign.bind(subtle);
const importKey = subtle.importKey.bind(subtle);

async function counted<Result>(work: Promise<Result>): Promise<Result> {
  open.count += 1;
  try {
    return await work;
  } finally {
    open.count -= 1;
  }
}

Object.defineProperty(subtle, 'sign', {
  configurable: true,
  value: (...given: Parameters<typeof sign>) => counted(sign(...given)),
});
Object.defineProperty(subtle, 'importKey', {
  configurable: true,
  value: (...given: Parameters<typeof importKey>) => counted(importKey(...given)),
});

/** Lets everything that can happen without time passing happen, signatures included. */
export async function settledWithSignatures(): Promise<void> {
  do {
    // oxlint-disable-next-line no-await-in-loop -- one look after the other
    await settled();
  } while (open.count > 0);
}
