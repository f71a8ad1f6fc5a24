import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, it } from 'vitest';

/** Bundles an entry of this package for browsers, as an application's bundler would. */
const bundle = (entry: string) =>
  build({
    entryPoints: [fileURLToPath(new URL(`../src/${entry}`, import.meta.url))],
    platform: 'browser',
    conditions: ['@steepest/source'],
    external: ['@tensorflow/tfjs-core'],
    bundle: true,
    format: 'esm',
    write: false,
    logLevel: 'silent',
  });

it('bundles for browsers, where nothing of Node is at hand', async () => {
  const { outputFiles } = await bundle('index.ts');
  expect(outputFiles[0]!.text).toContain('createOptimizer');
});

it('keeps what needs Node in an entry of its own', async () => {
  await expect(bundle('node.ts')).rejects.toThrow('Could not resolve "node:');
});
