import { simulate } from './world/simulate.ts';

/** `node test/simulation/run.ts FROM COUNT`: lives from seeds FROM on; ends with 1 at the first broken promise. */
const [from = '1', count = '100'] = process.argv.slice(2);
const began = performance.now();
const struck = new Map<string, number>();
let jobs = 0;
let [paid, needed] = [0, 0];
let seed = Number(from);
try {
  for (; seed < Number(from) + Number(count); seed += 1) {
    const ended = await simulate(seed);
    jobs += ended.jobs;
    paid += ended.spending.paid;
    needed += ended.spending.needed;
    for (const [point, times] of ended.struck) struck.set(point, (struck.get(point) ?? 0) + times);
  }
  const seconds = (performance.now() - began) / 1_000;
  process.stdout.write(
    `${count} lives, ${jobs} jobs, ${seconds.toFixed(1)} s, ${paid} paid submits, ${needed} needed\n${JSON.stringify(Object.fromEntries(struck))}\n`,
  );
} catch (error) {
  process.stdout.write(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
