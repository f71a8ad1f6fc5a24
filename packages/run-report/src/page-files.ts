import { readFile } from 'node:fs/promises';

/** Sources that the page carries inside itself, because it must open without a network. */
export interface PageAssets {
  readonly styles: string;
  /** The page's program with the chart library in it. */
  readonly script: string;
}

let assets: Promise<PageAssets> | undefined;

/** Reads the styles and the program of the page, once. */
export function pageAssets(): Promise<PageAssets> {
  assets ??= import.meta.url.endsWith('.ts') ? fromSources() : fromBuild();
  return assets;
}

async function fromSources(): Promise<PageAssets> {
  const { bundlePage } = await import('./page/bundle-page.ts');
  return {
    styles: await readFile(new URL('./page/browser/page.css', import.meta.url), 'utf8'),
    script: await bundlePage(),
  };
}

async function fromBuild(): Promise<PageAssets> {
  const read = (name: string) => readFile(new URL(`./${name}`, import.meta.url), 'utf8');
  return { styles: await read('page.css'), script: await read('page.js') };
}
