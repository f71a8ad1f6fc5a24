/** Import maps: which published file a page without a bundler loads for a name that a package imports. */
import { readFileSync, realpathSync } from 'node:fs';
import { join, posix } from 'node:path';
import { build, type Metafile } from 'esbuild';

/** Where published files are served: `NAME@VERSION/FILE` follows. */
const cdn = 'https://cdn.jsdelivr.net/npm/';

/**
 * Files of tfjs that a browser loads as they are; those that its packages name import each other without extensions. The first holds
 * the engine, layers, gradients and two backends, so that a page has one copy of each.
 */
const flatFiles: Readonly<Record<string, string>> = {
  '@tensorflow/tfjs': '@tensorflow/tfjs/dist/tf.fesm.min.js',
  '@tensorflow/tfjs-core': '@tensorflow/tfjs/dist/tf.fesm.min.js',
  '@tensorflow/tfjs-backend-cpu': '@tensorflow/tfjs/dist/tf.fesm.min.js',
  '@tensorflow/tfjs-backend-webgl': '@tensorflow/tfjs/dist/tf.fesm.min.js',
  '@tensorflow/tfjs-backend-wasm': '@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.fesm.min.js',
  '@tensorflow/tfjs-backend-webgpu': '@tensorflow/tfjs-backend-webgpu/dist/tf-backend-webgpu.fesm.min.js',
};

/** Modules of Node that a flat file imports, and uses in Node only. */
const nodeModulesOf: Readonly<Record<string, readonly string[]>> = {
  '@tensorflow/tfjs-backend-wasm': ['fs', 'os', 'path', 'perf_hooks'],
};
const emptyModule = 'data:text/javascript,export default {}';

/** What `wasm-kernels` imports in Node only. */
const inNodeOnly = ['@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js'];

/** What an entry of `exports` of a package of this repository has for browsers. */
interface Entry {
  readonly browser?: { readonly default: string };
  readonly import: { readonly default: string };
}

interface Manifest {
  readonly version: string;
  readonly exports: Readonly<Record<string, Entry>>;
}

function manifestOf(packageName: string, repository: string): Manifest {
  return JSON.parse(readFileSync(join(repository, 'node_modules', packageName, 'package.json'), 'utf8'));
}

/** The address of a file of an installed package, in the version that is installed. */
export function publishedAddress(packageName: string, file: string, repository: string): string {
  return `${cdn}${packageName}@${manifestOf(packageName, repository).version}/${file}`;
}

/**
 * The names that a program imports, itself or by what it imports, at once or later, with the addresses of the published files.
 *
 * @param program An ES module
 * @param repository In which the packages are installed, and whose own need not be built
 * @returns `imports` of an import map, sorted by name
 * @throws Error if nothing is found for a name, such as a module of Node, or if a name stands for two files
 */
export async function importsOf(program: string, repository: string): Promise<Record<string, string>> {
  const { metafile } = await build({
    stdin: { contents: program, resolveDir: repository },
    absWorkingDir: realpathSync(repository),
    bundle: true,
    format: 'esm',
    platform: 'browser',
    conditions: ['@steepest/source', 'browser'],
    external: ['@tensorflow/*'],
    splitting: true,
    outdir: 'bundle',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  const imports = new Map<string, string>();
  const enter = (name: string, address: string): void => {
    const other = imports.get(name) ?? address;
    if (other !== address) throw new Error(`${name} is ${other} for one package and ${address} for another`);
    imports.set(name, address);
  };
  const seen = new Set(['<stdin>']);
  for (const file of seen) {
    for (const { path, original = path } of metafile.inputs[file]!.imports) {
      const isPackage = !/^[./#]/.test(original);
      const isReady = !isPackage || isOwn(path) || loadsAsItIs(path, metafile);
      if (isPackage && !inNodeOnly.includes(original))
        enter(original, addressOf(original, isReady ? path : undefined, repository));
      for (const module of nodeModulesOf[original] ?? []) enter(module, emptyModule);
      if (isReady && !(original in flatFiles)) seen.add(path);
    }
  }
  return Object.fromEntries([...imports].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Whether a file is a source of a package of the repository. */
const isOwn = (path: string): boolean => path.startsWith('packages/');

/** Whether a browser can load a file: an ES module that imports others by their whole addresses, as they do. */
function loadsAsItIs(file: string, { inputs }: Metafile): boolean {
  const seen = new Set([file]);
  for (const each of seen) {
    if (inputs[each]?.format !== 'esm') return false;
    for (const { path, original = path } of inputs[each].imports) {
      // What esbuild calls disabled is empty in browsers by the manifest of the package, which no browser reads.
      if (path.startsWith('(disabled)')) return false;
      if (!original.startsWith('.')) continue;
      if (posix.join(posix.dirname(each), original) !== path) return false;
      seen.add(path);
    }
  }
  return true;
}

/** @param path Of the file that a browser can load; without one, the CDN makes an ES module of the package. */
function addressOf(name: string, path: string | undefined, repository: string): string {
  const flat = flatFiles[name];
  const [packageName, rest] = split(flat ?? name);
  const published = (file: string) => publishedAddress(packageName, file, repository);
  if (flat !== undefined) return published(rest);
  if (path === undefined) return published(rest === '' ? '+esm' : `${rest}/+esm`);
  if (!isOwn(path)) return published(path.split(`node_modules/${packageName}/`).at(-1)!);
  const entry = manifestOf(packageName, repository).exports[rest === '' ? '.' : `./${rest}`]!;
  return published((entry.browser ?? entry.import).default.replace(/^\.\//, ''));
}

/** The name of a package, and what follows it after a slash. */
function split(specifier: string): [packageName: string, rest: string] {
  const parts = specifier.split('/');
  const names = specifier.startsWith('@') ? 2 : 1;
  return [parts.slice(0, names).join('/'), parts.slice(names).join('/')];
}
