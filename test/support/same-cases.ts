import { configureGlobal } from 'fast-check';

/**
 * Every run of `npm test` generates the same cases: what is red on one machine is red on the next. Fresh ones come from
 * `npm run test:long`, or from `PENSTOCK_TEST_SEED`.
 */
const { PENSTOCK_TEST_SIZE: size, PENSTOCK_TEST_SEED: seed } = process.env;
if (seed !== undefined || size !== 'full') configureGlobal({ seed: Number(seed ?? 1) });
