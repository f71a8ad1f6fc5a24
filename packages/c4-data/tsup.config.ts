import { defineConfig } from 'tsup';
import { packageBuild } from '../../tsup.base.ts';

export default defineConfig([
  packageBuild({
    entry: {
      index: 'src/index.ts',
      'encoding-worker': 'src/tokenizers/encoding-worker.ts',
    },
    dts: { entry: { index: 'src/index.ts' } },
    platform: 'node',
    shims: true,
  }),
  packageBuild({
    entry: { browser: 'src/browser.ts' },
    format: ['esm'],
    platform: 'browser',
    // The build for Node cleans the folder, at the same time.
    clean: false,
  }),
]);
