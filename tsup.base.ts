import type { Options } from 'tsup';

/** The build every published package shares: ESM, CJS and types for both from `src/index.ts`. */
export function packageBuild(overrides: Options = {}): Options {
  return {
    entry: ['src/index.ts'],
    format: ['esm', 'cjs'],
    target: 'es2022',
    platform: 'neutral',
    dts: true,
    sourcemap: true,
    clean: true,
    treeshake: true,
    ...overrides,
  };
}

/** The build of `src/browser.ts`, beside that for Node, which cleans the folder at the same time. */
export function browserBuild(): Options {
  return packageBuild({
    entry: { browser: 'src/browser.ts' },
    format: ['esm'],
    platform: 'browser',
    clean: false,
  });
}
