import { copyFile, writeFile } from 'node:fs/promises';
import { defineConfig } from 'tsup';
import { packageBuild } from '../../tsup.base.ts';
import { bundlePage } from './src/page/bundle-page.ts';

export default defineConfig(
  packageBuild({
    format: ['esm'],
    platform: 'node',
    // From sources the page is bundled when it is first written; a published package has it ready.
    external: ['esbuild'],
    async onSuccess() {
      await copyFile('src/page/browser/page.css', 'dist/page.css');
      await writeFile('dist/page.js', await bundlePage());
    },
  }),
);
