import { defineConfig } from 'tsup';
import { browserBuild, packageBuild } from '../../tsup.base.ts';

export default defineConfig([
  packageBuild({
    entry: { index: 'src/index.ts', 'lock-heartbeat': 'src/locks/lock-heartbeat.js' },
    dts: { entry: { index: 'src/index.ts' } },
    platform: 'node',
    shims: true,
  }),
  browserBuild(),
]);
