import { defineConfig } from 'tsup';
import { packageBuild } from '../../tsup.base.ts';

export default defineConfig(
  packageBuild({
    entry: {
      index: 'src/index.ts',
      'new-optimizer': 'src/new-optimizer/create-package.ts',
    },
    dts: { entry: { index: 'src/index.ts', 'new-optimizer': 'src/new-optimizer/create-package.ts' } },
    platform: 'node',
    // `import.meta.url`, from which optional packages are found, in CommonJS too.
    shims: true,
  }),
);
