import type { Options } from 'tsup';

/**
 * Whether turbo runs this build, which names itself by TURBO_HASH and has built the packages that this one needs: their types are then
 * taken as they were built, since compiling their sources again takes as long as everything else. A build by hand compiles them.
 */
// biome-ignore lint/suspicious/noUndeclaredEnvVars: turbo sets it itself, in each task
const othersAreBuilt = process.env.TURBO_HASH !== undefined;

/** The build every published package shares: ESM, CJS and types for both from `src/index.ts`. */
export function packageBuild({ dts, ...overrides }: Options = {}): Options {
  return {
    entry: ['src/index.ts'],
    format: ['esm', 'cjs'],
    target: 'es2022',
    platform: 'neutral',
    dts: othersAreBuilt
      ? { compilerOptions: { customConditions: [] }, ...(typeof dts === 'object' ? dts : {}) }
      : (dts ?? true),
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
