import { expect, test } from 'vitest';

import { machine } from '../../src/runtime/machine.ts';
import { makeStop } from '../../src/services/stop.ts';

const LONG_MS = 3_600_000;

test('a stop ends every wait that it was given to, and those that come later at once', async () => {
  const { signal, ...stopping } = makeStop();
  const waits = [machine.wait(LONG_MS, signal), machine.wait(LONG_MS, signal)];
  expect(signal.aborted).toBe(false);
  stopping.stop();
  expect(signal.aborted).toBe(true);
  await Promise.all([...waits, machine.wait(LONG_MS, signal)]);
});

test('a wait that is over does not hear of its stop, and a second stop changes nothing', async () => {
  const { signal, ...stopping } = makeStop();
  const heard: string[] = [];
  const listener = (): void => void heard.push('heard');
  signal.addEventListener('abort', listener);
  signal.removeEventListener('abort', listener);
  signal.addEventListener('abort', () => void heard.push('stays'));
  await machine.wait(0, signal);
  stopping.stop();
  stopping.stop();
  expect(heard).toEqual(['stays']);
});
