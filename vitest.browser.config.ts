import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { namesWithout, notOnWebgpu } from './packages/backend/test/webgpu/elsewhere.ts';
import { launchOptions, whyNoBrowser } from './tools/browser/chromium.ts';
import { nodeModules } from './tools/browser/node-modules.ts';
import { isolationHeaders } from './tools/browser/static-server.ts';

if (whyNoBrowser !== undefined) console.log(`In a browser: skipped (${whyNoBrowser})`);

/** Names of checks that are named after a backend are the same here on each of them. */
const named = '\\bon wasm\\b';
const backends = [
  { backend: 'wasm', elsewhere: [named] },
  // No device can throw for a number it is given. Second derivatives, of the same operations as on cpu, take WebGL minutes.
  { backend: 'webgl', elsewhere: [named, 'names a token outside the vocabulary', 'whose gradient is what'] },
  { backend: 'webgpu', elsewhere: notOnWebgpu },
] as const;

/**
 * Tests of numbers that choose no backend themselves, in Chromium on every backend of a browser: the conformance suites of optimizers,
 * and operations, gradients and whole models of lm-models. `npm run test:browser -- packages/optim-lion --project webgpu`
 */
export default defineConfig({
  plugins: [nodeModules()],
  resolve: { conditions: ['@steepest/source', 'browser', 'import', 'module', 'default'] },
  server: { headers: isolationHeaders, watch: null },
  optimizeDeps: { entries: ['tools/browser/on-backend.ts'] },
  test: {
    include:
      whyNoBrowser === undefined
        ? [
            'packages/optim-*/test/conformance.test.ts',
            'packages/lm-models/test/{operations,language-model,generate}.test.ts',
            'tools/browser/test/*.test.ts',
          ]
        : [],
    passWithNoTests: whyNoBrowser !== undefined,
    globalSetup: ['packages/wasm-kernels/scripts/compile-missing.mjs'],
    setupFiles: ['tools/browser/on-backend.ts'],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({ launchOptions: launchOptions() }),
      instances: backends.map(({ backend, elsewhere }) => ({
        browser: 'chromium',
        name: backend,
        provide: { backend },
        testNamePattern: namesWithout(elsewhere),
      })),
    },
  },
});
