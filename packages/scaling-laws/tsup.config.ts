import { defineConfig } from 'tsup';
import { packageBuild } from '../../tsup.base.ts';

export default defineConfig(
  packageBuild({
    entry: {
      index: 'src/index.ts',
      node: 'src/node.ts',
      cli: 'src/cli/main.ts',
      'command-line': 'src/cli/command-line.ts',
    },
    dts: {
      entry: { index: 'src/index.ts', node: 'src/node.ts', 'command-line': 'src/cli/command-line.ts' },
    },
    shims: true,
  }),
);
