import type { Options } from 'tsup';

/** The build every published package shares: ESM, CJS and types for both from `src/index.ts`. */
export function packageBuild({ dts, ...overrides }: Options = {}): Options {
  return {
    entry: ['src/index.ts'],
    format: ['esm', 'cjs'],
    target: 'es2022',
    platform: 'neutral',
    // Types of the other packages are those that were built: their sources would be compiled again in each build.
    dts: { compilerOptions: { customConditions: [] }, ...(typeof dts === 'object' ? dts : {}) },
    sourcemap: true,
    clean: true,
    treeshake: true,
    ...overrides,
  };
}

/** The build of the entries for browsers, beside that for Node, which cleans the folder at the same time. */
export function browserBuild(
  entry: Readonly<Record<string, string>> = { browser: 'src/browser.ts' },
): Options {
  return packageBuild({
    entry: { ...entry },
    format: ['esm'],
    platform: 'browser',
    clean: false,
  });
}
