import { defineConfig } from 'tsup';
import { browserBuild, packageBuild } from '../../tsup.base.ts';

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
  browserBuild(),
]);
