import { defineConfig } from 'vitest/config';

// `unit` tests sit beside the code and need nothing but a temporary folder;
// `system` tests start the built command as a user would.
export default defineConfig({
  test: {
    // chDB holds one data folder per process, so files never share a process.
    pool: 'forks',
    maxWorkers: 2,
    // Generous: fsync on a shared disk can be a hundred times slower at times.
    testTimeout: 240_000,
    hookTimeout: 300_000,
    // A condition that comes true a minute late is a slow machine, not a defect.
    expect: { poll: { timeout: 60_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'examples/**/*.test.ts', 'tools/**/*.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'system',
          include: ['tests/**/*.test.ts'],
          exclude: ['tests/stack/**'],
        },
      },
      { extends: true, test: { name: 'stack', include: ['tests/stack/**/*.test.ts'] } },
    ],
  },
});
