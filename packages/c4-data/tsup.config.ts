import { defineConfig } from 'tsup';
import { packageBuild } from '../../tsup.base.ts';

export default defineConfig([
  packageBuild({
    entry: {
      index: 'src/index.ts',
      cli: 'src/cli/main.ts',
      'command-line': 'src/cli/command-line.ts',
      'encoding-worker': 'src/tokenizers/encoding-worker.ts',
    },
    dts: { entry: { index: 'src/index.ts', 'command-line': 'src/cli/command-line.ts' } },
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
