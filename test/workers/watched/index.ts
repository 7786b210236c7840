import worker, { JobShardObject } from '../../../src/index.ts';
import { pointsOf } from '../../../src/runtime/telemetry/measurements.ts';

/**
 * Penstock's own Worker, but its measurements can be seen: the local runtime keeps no points of Analytics Engine, so each
 * goes to the output too, in a line that begins with `MEASURED`.
 */
const { deployment } = JobShardObject;

JobShardObject.deployment = (env) => {
  const parts = deployment(env);
  return {
    ...parts,
    measure(change) {
      // oxlint-disable-next-line no-console -- what the test reads
      for (const point of pointsOf(change)) console.log(`MEASURED ${JSON.stringify(point)}`);
      parts.measure(change);
    },
  };
};

export * from '../../../src/index.ts';

export default worker satisfies ExportedHandler<Env>;
