import { defineConfig } from 'tsup';
import { packageBuild } from '../../tsup.base.ts';

export default defineConfig(
  packageBuild({
    entry: { index: 'src/index.ts', node: 'src/node.ts', cli: 'src/cli.ts', main: 'src/cli/main.ts' },
    dts: { entry: { index: 'src/index.ts', node: 'src/node.ts', cli: 'src/cli.ts' } },
    shims: true,
  }),
);
