import { defineConfig } from 'vitest/config';

const conditions = ['@steepest/source', 'node', 'import', 'module', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: [
      'packages/*/test/**/*.test.ts',
      'benchmarks/*/test/**/*.test.ts',
      'examples/{test,browser/test}/**/*.test.ts',
      'site/test/**/*.test.ts',
      'tools/test/**/*.test.ts',
    ],
    globalSetup: ['packages/wasm-kernels/scripts/compile-missing.mjs'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
