import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/** Bytes of a minified bundle, each file compressed with gzip on its own. */
export interface BundleSize {
  /** What a page fetches before the program starts. */
  readonly initial: number;
  /** What it fetches when it is needed. */
  readonly onDemand: number;
}

/**
 * Bundles a program for browsers from the sources of the packages, as an application's bundler would from what they publish.
 *
 * @param code An ES module.
 * @param folder Where its imports are found.
 * @param external Packages that are left out, `*` standing for any characters.
 * @throws Error if it cannot be bundled, for instance because it needs a module of Node.
 */
export async function bundleSize(
  code: string,
  folder: string,
  external: readonly string[] = ['@tensorflow/*'],
): Promise<BundleSize> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: folder, sourcefile: 'program.js' },
    absWorkingDir: folder,
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['@steepest/source', 'browser'],
    external: [...external],
    outdir: 'bundle',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  const { outputs } = metafile;
  const atStart = new Set(
    Object.keys(outputs).filter((file) => outputs[file]!.entryPoint?.endsWith('program.js')),
  );
  for (const file of atStart) {
    for (const { path, kind, external: isOutside } of outputs[file]!.imports) {
      if (kind === 'import-statement' && isOutside !== true) atStart.add(path);
    }
  }
  let [initial, onDemand] = [0, 0];
  for (const { path, contents } of outputFiles) {
    const bytes = gzipSync(contents, { level: 9 }).length;
    const isAtStart = [...atStart].some((file) => path.replaceAll('\\', '/').endsWith(`/${file}`));
    if (isAtStart) initial += bytes;
    else onDemand += bytes;
  }
  return { initial, onDemand };
}
