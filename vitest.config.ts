import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin';
import { defineConfig, defineProject } from 'vitest/config';

const unitRooms =
  'domain,engine,steps,providers,pricing,services,runtime,http,client,support,lint,simulation';

export default defineConfig({
  test: {
    projects: [
      {
        // Plain node, milliseconds: everything that needs no runtime, and the shard over node's SQLite.
        test: {
          name: 'unit',
          environment: 'node',
          include: [`test/{${unitRooms}}/**/*.test.ts`],
          setupFiles: ['test/support/same-cases.ts'],
        },
      },
      // The Workers runtime, with the Worker's own bindings.
      defineProject(async () => ({
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              compatibilityFlags: ['service_binding_extra_handlers'],
              bindings: {
                TEST_MIGRATIONS: await readD1Migrations('./migrations'),
                ROOT_API_KEY: 'root_test',
                LOG_LEVEL: 'error',
                TARGET_LIMITS: '{ "openai/limited": { "concurrency": 2 } }',
              },
            },
          }),
        ],
        test: {
          name: 'workers',
          include: ['test/workers/**/*.test.ts'],
          setupFiles: ['test/workers/setup.ts'],
        },
      })),
      {
        // The production bundle in the local runtime, called from outside as users call it.
        test: {
          name: 'e2e',
          environment: 'node',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/e2e/support/global-setup.ts'],
          // After the others, and more files at a time than there may be processors: most of them wait most of the time.
          sequence: { groupOrder: 1 },
          maxWorkers: 4,
          testTimeout: 60_000,
          hookTimeout: 90_000,
        },
      },
    ],
  },
});
