import { defineConfig } from 'tsup';
import { packageBuild } from '../../tsup.base.ts';

export default defineConfig(
  packageBuild({
    entry: { index: 'src/index.ts', cli: 'src/cli/main.ts' },
    dts: { entry: { index: 'src/index.ts' } },
    platform: 'node',
    shims: true,
  }),
);
