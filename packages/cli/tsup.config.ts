import { cp } from 'node:fs/promises';
import { defineConfig } from 'tsup';
import { packageBuild } from '../../tsup.base.ts';

export default defineConfig(
  packageBuild({
    entry: { index: 'src/index.ts', main: 'src/main.ts' },
    dts: { entry: { index: 'src/index.ts' } },
    format: ['esm'],
    platform: 'node',
    // The study's experiments and claims come along, and are no package of their own.
    noExternal: ['@steepest/lm-comparison'],
    onSuccess: () =>
      cp('../../benchmarks/lm-comparison/experiments', 'dist/experiments', { recursive: true }),
  }),
);
