import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** The program of the page with the chart library in it, from its sources. */
export async function bundlePage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('./browser/main.ts', import.meta.url))],
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    platform: 'browser',
    conditions: ['@steepest/source', 'module'],
    legalComments: 'inline',
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0]!.text;
}
