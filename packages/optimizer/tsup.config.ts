import { readFileSync } from 'node:fs';
import { defineConfig } from 'tsup';
import { browserBuild, packageBuild } from '../../tsup.base.ts';

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const define = { packageVersion: JSON.stringify(version) };

export default defineConfig([
  packageBuild({ define }),
  { ...browserBuild({ browser: 'src/browser.ts', wasm: 'src/wasm.ts', webgpu: 'src/webgpu.ts' }), define },
]);
