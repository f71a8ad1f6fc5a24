import { defineConfig } from 'tsup';
import { browserBuild, packageBuild } from '../../tsup.base.ts';

export default defineConfig([
  packageBuild(),
  browserBuild({ browser: 'src/browser.ts', wasm: 'src/wasm.ts', webgpu: 'src/webgpu.ts' }),
]);
