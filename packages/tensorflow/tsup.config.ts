import { defineConfig } from 'tsup';
import { packageBuild } from '../../tsup.base.ts';

export default defineConfig(
  packageBuild({
    entry: {
      index: 'src/index.ts',
      install: 'src/install.ts',
      'probe-process': 'src/install/probe-process.ts',
    },
    dts: { entry: { index: 'src/index.ts', install: 'src/install.ts' } },
    platform: 'node',
    shims: true,
  }),
);
