import { defineConfig } from 'tsup';
import { browserBuild, packageBuild } from '../../tsup.base.ts';

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
  browserBuild(),
]);
