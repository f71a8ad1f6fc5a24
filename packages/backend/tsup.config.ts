import { defineConfig } from 'tsup';
import { browserBuild, packageBuild } from '../../tsup.base.ts';

export default defineConfig([packageBuild({ platform: 'node' }), browserBuild()]);
