import { defineConfig } from 'tsup';
import { packageBuild } from '../../tsup.base.ts';

export default defineConfig(
  packageBuild({
    entry: {
      index: 'src/index.ts',
      format: 'src/execution/format.ts',
      limits: 'src/definition/limits.ts',
      training: 'src/training.ts',
      'trial-process': 'src/trial-process.ts',
      'preparation-process': 'src/preparation-process.ts',
    },
    dts: {
      entry: {
        index: 'src/index.ts',
        format: 'src/execution/format.ts',
        limits: 'src/definition/limits.ts',
        training: 'src/training.ts',
      },
    },
    // Processes of their own and dependencies that are ES modules alone leave nothing for CommonJS.
    format: ['esm'],
    platform: 'node',
  }),
);
