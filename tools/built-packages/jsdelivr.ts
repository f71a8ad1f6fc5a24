/** What jsDelivr serves, as https://github.com/jsdelivr/jsdelivr/issues/18263 describes it. */
import { readFileSync, statSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { extname, join, posix, relative, sep } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';

/** An answer to a request. */
export interface Served {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

interface Manifest {
  readonly version: string;
  /** What a browser is given in place of a module; `false` is an empty one. */
  readonly browser?: string | Readonly<Record<string, string | false>>;
}

const types: Readonly<Record<string, string>> = {
  '.js': 'application/javascript; charset=utf-8',
  '.mjs': 'application/javascript; charset=utf-8',
  '.wasm': 'application/wasm',
};

/** The CDN with some packages on it, each in one version. */
export class Jsdelivr {
  static readonly address = 'https://cdn.jsdelivr.net';
  private readonly modules = new Map<string, Promise<string>>();

  /** @param folders With packages by their names, of which the first that has one counts. */
  constructor(private readonly folders: readonly string[]) {}

  /** Answers a request for `/npm/NAME@VERSION/FILE`, or for `/npm/NAME@VERSION/ENTRY/+esm`, an entry as one ES module. */
  async serve(address: string): Promise<Served> {
    const path = decodeURIComponent(new URL(address).pathname);
    const [, name, version, rest] = /^\/npm\/((?:@[^/]+\/)?[^/@]+)@([^/]+)\/(.+)$/.exec(path) ?? [];
    const modules = this.folderWith(name);
    if (name === undefined || modules === undefined || versionIn(modules, name) !== version)
      return { status: 404 };
    if (rest!.endsWith('+esm')) {
      const entry = rest!.replace(/\/?\+esm$/, '');
      const file = join(modules, name, entry);
      // A file need not be among the entries that the manifest names.
      const imported = isFile(file) ? file : posix.join(name, entry);
      const made = this.modules.get(path) ?? oneModule(imported, modules, this.otherModules(modules));
      this.modules.set(path, made);
      return found('.js', await made);
    }
    const file = join(modules, name, rest!);
    return isFile(file) ? found(extname(file), readFileSync(file)) : { status: 404 };
  }

  /** Where an entry of a package is as one ES module, without the host. */
  pathOf(specifier: string): string {
    const [, name, entry = ''] = /^((?:@[^/]+\/)?[^/]+)(\/.*)?$/.exec(specifier)!;
    const modules = this.folderWith(name);
    if (modules === undefined) throw new Error(`no package ${name} is on the CDN`);
    return `/npm/${name}@${versionIn(modules, name!)}${entry}/+esm`;
  }

  private folderWith(name = ''): string | undefined {
    return this.folders.find((folder) => isFile(join(folder, name, 'package.json')));
  }

  /** Has other packages, and what is imported later, imported by their addresses. */
  private otherModules(modules: string): Plugin {
    const seen = {};
    return {
      name: 'other-modules',
      setup: ({ onResolve, onLoad, resolve }) => {
        onLoad({ filter: /^/, namespace: 'empty' }, () => ({ contents: '' }));
        onResolve({ filter: /^/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
          if (pluginData === seen || path.startsWith('#')) return undefined;
          const options = { kind: 'import-statement', resolveDir, pluginData: seen } as const;
          if (kind === 'entry-point' || importer === '<stdin>')
            return resolve(path, { ...options, resolveDir: modules });
          const own = packageOf(importer);
          if (path.startsWith('.')) {
            if (kind !== 'dynamic-import') return undefined;
            const file = relative(own.folder, (await resolve(path, options)).path).replaceAll(sep, '/');
            return { path: this.pathOf(`${own.name}/${file}`), external: true };
          }
          const { browser } = manifestOf(own.folder);
          if (typeof browser === 'object' && browser[path] === false) return { path, namespace: 'empty' };
          if (kind === 'require-call') return isBuiltin(path) ? { path, external: true } : undefined;
          if (isBuiltin(path)) throw new Error(`${own.name} imports ${path}, a module of Node`);
          return { path: this.pathOf(path), external: true };
        });
      },
    };
  }
}

/** An entry, with what it imports at once of its own package, as one ES module. */
async function oneModule(imported: string, modules: string, plugin: Plugin): Promise<string> {
  const bundle = (input: Pick<BuildOptions, 'entryPoints' | 'stdin'>) =>
    build({
      ...input,
      absWorkingDir: modules,
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'browser',
      outdir: 'modules',
      write: false,
      metafile: true,
      logLevel: 'silent',
      plugins: [plugin],
    });
  const { outputFiles, metafile } = await bundle({ entryPoints: [imported] });
  const file = Object.values(metafile.outputs)[0]!.entryPoint!;
  if (metafile.inputs[file]!.format !== 'cjs') return outputFiles[0]!.text;
  // What a CommonJS module exports is known when it has run.
  const exported = Object.keys(createRequire(import.meta.url)(join(modules, file)));
  const names = exported.filter((name) => name !== 'default' && /^[A-Za-z_$][\w$]*$/.test(name));
  const contents = `import whole from ${JSON.stringify(imported)};
export default whole;
export const { ${names.join(', ')} } = whole;`;
  const { outputFiles: files } = await bundle({ stdin: { contents, resolveDir: modules } });
  return files[0]!.text;
}

function found(extension: string, body: string | Buffer): Served {
  const headers = {
    'content-type': types[extension] ?? 'application/octet-stream',
    'access-control-allow-origin': '*',
    'cross-origin-resource-policy': 'cross-origin',
  };
  return { status: 200, headers, body };
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

const versionIn = (modules: string, name: string): string => manifestOf(join(modules, name)).version;

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** The package that a file is of. */
function packageOf(file: string): { readonly name: string; readonly folder: string } {
  const [folder, name] = /^.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(file)!;
  return { name: name!.replaceAll(sep, '/'), folder };
}
