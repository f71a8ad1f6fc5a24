import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin, transform } from 'esbuild';

const repository = realpathSync(fileURLToPath(new URL('../../', import.meta.url)));
const target = 'node20';
const conditions = ['@steepest/source', 'node', 'import', 'module'];
/** What packages start in processes of their own. */
const isProgram = (file: string) => /(^|[\\/])(main|[\w-]+-process)\.ts$/.test(file);

/** A repository's packages, and where a bundle of them is. */
interface Places {
  readonly root: string;
  readonly packages: string;
  readonly folder: string;
  /** Address of the module that has imports find the bundle. */
  readonly register: string;
}

/**
 * Flags of Node under which a program imports the packages of a repository from a bundle of their sources as they are now. It
 * starts in a third of the time that `--import tsx` takes, and its modules know the addresses of their sources. The bundle is kept
 * by a hash of all that it is made of.
 */
export async function bundledSources(root = repository): Promise<readonly string[]> {
  const packages = join(root, 'packages');
  // In the folder of installed packages, so that what bundled modules import is found from there.
  const cache = join(root, 'node_modules', '.cache', 'source-bundles');
  const folder = join(cache, hashOfSources(root, packages));
  const register = pathToFileURL(join(folder, 'register.mjs')).href;
  if (!existsSync(folder)) {
    await mkdir(cache, { recursive: true });
    await removeOld(cache);
    const made = await mkdtemp(join(cache, 'made-'));
    await writeBundle(made, { root, packages, folder, register });
    // Another process may have been faster with the same.
    await rename(made, folder).catch(() => rm(made, { recursive: true }));
  }
  return ['--conditions=@steepest/source', '--import', register];
}

/** Removes bundles of a day ago, which no process runs from any more. */
async function removeOld(cache: string): Promise<void> {
  const dayAgo = Date.now() - 24 * 3600_000;
  for (const name of await readdir(cache)) {
    const path = join(cache, name);
    // Another process may remove the same.
    const made = await stat(path).catch(() => undefined);
    if (made !== undefined && made.mtimeMs < dayAgo) await rm(path, { recursive: true, force: true });
  }
}

/** Writes modules and the file that registers them into `made`, which will be `folder`. */
async function writeBundle(made: string, { root, packages, folder, register }: Places): Promise<void> {
  const names = packageNames(packages);
  const entries = [
    ...new Set(
      names.flatMap((name) => [...exportedSources(join(packages, name)), ...programsOf(packages, name)]),
    ),
  ];
  await build({
    entryPoints: entries.map((entry) => ({ in: entry, out: relative(packages, entry).replace(/\.ts$/, '') })),
    outdir: made,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target,
    conditions,
    logLevel: 'warning',
    absWorkingDir: root,
    plugins: [asIfUnbundled(register)],
  });
  const addresses = entries.map((entry) => [
    pathToFileURL(entry).href,
    pathToFileURL(join(folder, relative(packages, entry).replace(/\.ts$/, '.js'))).href,
  ]);
  const hooks = pathToFileURL(join(import.meta.dirname, 'hooks.mjs')).href;
  const data = { bundled: addresses, commonJs: tensorflowExports(root) };
  const text = `import { register } from 'node:module';
register(${JSON.stringify(hooks)}, { data: ${JSON.stringify(data)} });
`;
  await writeFile(join(made, 'register.mjs'), text);
}

/** Packages of TensorFlow.js for Node, megabytes of CommonJS each. */
const tensorflowPackages = [
  ...['tfjs', 'tfjs-core', 'tfjs-layers', 'tfjs-converter', 'tfjs-data'],
  ...['tfjs-backend-cpu', 'tfjs-backend-wasm', 'tfjs-backend-webgl'],
];

/** The addresses of those that are installed, and the names that each exports. They are loaded in a process of its own. */
function tensorflowExports(root: string): [string, string[]][] {
  const folders = tensorflowPackages
    .map((name) => join(root, 'node_modules', '@tensorflow', name))
    .filter((folder) => existsSync(folder));
  const program = `
const found = process.argv.slice(1).map((folder) => [require.resolve(folder), Object.keys(require(folder))]);
console.log(JSON.stringify(found));`;
  const printed = execFileSync(process.execPath, ['--eval', program, ...folders], { encoding: 'utf8' });
  const found = JSON.parse(printed.trim().split('\n').at(-1)!) as [string, string[]][];
  return found.map(([file, exported]) => {
    const names = exported.filter((key) => /^[a-z_$][\w$]*$/i.test(key) && key !== 'default');
    return [pathToFileURL(realpathSync(file)).href, names];
  });
}

/** Modules know their own addresses, start programs with the same flags, and import other packages from where they stand. */
function asIfUnbundled(register: string): Plugin {
  const seen = {};
  return {
    name: 'as-if-unbundled',
    setup({ onLoad, onResolve, resolve }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        if (!text.includes('import.meta.')) return undefined;
        const define = { 'import.meta.url': JSON.stringify(pathToFileURL(path).href) };
        const own = text.replaceAll("import.meta.resolve('tsx')", () => JSON.stringify(register));
        return { contents: (await transform(own, { loader: 'ts', target, define })).code, loader: 'js' };
      });
      onResolve({ filter: /^[^./#]/ }, async ({ path, kind, resolveDir, pluginData }) => {
        if (kind === 'entry-point' || pluginData === seen || path.startsWith('node:')) return undefined;
        if (path.startsWith('@steepest/')) return undefined;
        const found = await resolve(path, { kind, resolveDir, pluginData: seen });
        // What is not installed fails where it is imported, as it does from sources.
        const isFound = found.errors.length === 0 && found.namespace === 'file' && !found.external;
        return { path: isFound ? pathToFileURL(found.path).href : path, external: true };
      });
    },
  };
}

type Export = string | { readonly '@steepest/source'?: string | { readonly default: string } };

/** Sources of the exports of a package, for Node. */
function exportedSources(folder: string): string[] {
  const manifest = readFileSync(join(folder, 'package.json'), 'utf8');
  const { exports = {} } = JSON.parse(manifest) as { exports?: Record<string, Export> };
  return Object.values(exports).flatMap((exported) => {
    const source = typeof exported === 'string' ? undefined : exported['@steepest/source'];
    return source === undefined ? [] : join(folder, typeof source === 'string' ? source : source.default);
  });
}

const programsOf = (packages: string, name: string) => sourcesOf(packages, name).filter(isProgram);

/** Folders of packages; one whose manifest was removed is none. */
function packageNames(packages: string): string[] {
  return readdirSync(packages)
    .filter((name) => existsSync(join(packages, name, 'package.json')))
    .sort();
}

function sourcesOf(packages: string, name: string): string[] {
  const entries = readdirSync(join(packages, name, 'src'), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Of every file that may become part of the bundle, of what is installed, and of this folder. */
function hashOfSources(root: string, packages: string): string {
  const files = [
    join(root, 'package-lock.json'),
    ...readdirSync(import.meta.dirname).map((file) => join(import.meta.dirname, file)),
    ...packageNames(packages).flatMap((name) => [
      join(packages, name, 'package.json'),
      ...sourcesOf(packages, name),
    ]),
  ];
  const hash = createHash('sha256').update(root);
  for (const file of files) hash.update(`\0${relative(root, file)}\0`).update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}
