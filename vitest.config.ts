import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          environment: 'node',
          include: [
            'test/{domain,engine,runtime,steps,providers,pricing,services,http,support}/**/*.test.ts',
          ],
        },
      },
    ],
  },
});
