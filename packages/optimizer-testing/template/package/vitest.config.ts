import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Some checks take hundreds of steps, which is more than the five seconds that a test has by default.
    testTimeout: 120_000,
  },
});
