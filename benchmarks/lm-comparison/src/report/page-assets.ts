import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Sources that the page carries inside itself, because it must open without a network. */
export interface PageAssets {
  readonly styles: string;
  /** The page's program with the chart library in it. */
  readonly script: string;
}

let assets: Promise<PageAssets> | undefined;

/** Reads the styles and bundles the program of the page, once. */
export function pageAssets(): Promise<PageAssets> {
  assets ??= Promise.all([readFile(new URL('./page/page.css', import.meta.url), 'utf8'), bundle()]).then(
    ([styles, script]) => ({ styles, script }),
  );
  return assets;
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('./page/main.ts', import.meta.url))],
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    platform: 'browser',
    legalComments: 'inline',
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0]!.text;
}
