import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Check } from './check.ts';

/** A package that some checks need, and that need not be installed. */
export interface OptionalPackage {
  readonly name: string;
  readonly isInstalled: boolean;
  /** Imports it. */
  load(): Promise<unknown>;
}

/** The packages that some checks need. */
export interface OptionalPackages {
  readonly wasm: OptionalPackage;
  readonly layers: OptionalPackage;
}

function resolved(name: string, from: string | URL): string | undefined {
  try {
    return createRequire(from).resolve(name);
  } catch {
    return undefined;
  }
}

function found(name: string, from: string | URL | undefined, load: () => Promise<unknown>): OptionalPackage {
  // The import resolves from this module; a test file may see what this module does not.
  if (resolved(name, import.meta.url) !== undefined) return { name, isInstalled: true, load };
  const path = from === undefined ? undefined : resolved(name, from);
  if (path === undefined) return { name, isInstalled: false, load };
  return { name, isInstalled: true, load: () => import(/* @vite-ignore */ pathToFileURL(path).href) };
}

/**
 * Looks for the packages that some checks need where this package is installed, then from the test file.
 *
 * @param from `import.meta.url` of the test file
 */
export function optionalPackages(from?: string | URL): OptionalPackages {
  const wasm = '@tensorflow/tfjs-backend-wasm';
  return {
    wasm: found(wasm, from, () => import('@tensorflow/tfjs-backend-wasm')),
    layers: found('@tensorflow/tfjs', from, () => import('@tensorflow/tfjs')),
  };
}

/** Checks that report themselves as skipped where the package that they need is not installed. */
export function needing({ name, isInstalled }: OptionalPackage, checks: readonly Check[]): Check[] {
  if (isInstalled) return [...checks];
  const skipped = `needs ${name}, which is not installed: npm install --save-dev ${name}`;
  return checks.map((check) => ({
    ...check,
    skipped,
    // A rest parameter: runners such as Jest take a declared one for a callback.
    run: async (...[context]) => {
      if (context?.skip === undefined)
        throw new Error(`this check ${skipped}, or leave out checks that are skipped`);
      context.skip(skipped);
    },
  }));
}
