import { readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { compileFunction } from 'node:vm';

/** Modules that are given to what is loaded, by the name it asks for, or by the path of a file in the folder. */
export type GivenModules = Readonly<Record<string, unknown>>;

/**
 * Loads CommonJS files of one folder. A package that they name is the one that is given, never one found on the disk: where tfjs-core
 * was found twice there would be two engines, and neither would know the tensors of the other.
 *
 * @returns what loads a file, by its path in the folder, and returns its exports
 */
export function commonJsLoader(folder: string, given: GivenModules): (path: string) => unknown {
  const modules = new Map<string, { exports: unknown }>();

  const load = (file: string): unknown => {
    const name = relative(folder, file);
    if (Object.hasOwn(given, name)) return given[name];
    const loaded = modules.get(file);
    if (loaded !== undefined) return loaded.exports;
    const module = { exports: {} as unknown };
    // Known before it runs, since files of a cycle see what there is of each other.
    modules.set(file, module);
    const require = (request: string): unknown => {
      if (request.startsWith('.')) return load(fileOf(join(dirname(file), request)));
      if (Object.hasOwn(given, request)) return given[request];
      throw new Error(`${file} asks for "${request}", which it is not given`);
    };
    const parameters = ['exports', 'require', 'module', '__filename', '__dirname'];
    const run = compileFunction(readFileSync(file, 'utf8'), parameters, { filename: file });
    run.call(module.exports, module.exports, require, module, file, dirname(file));
    return module.exports;
  };

  return (path) => load(fileOf(join(folder, path)));
}

/** A request names a file with or without `.js`, or a folder with an index. */
function fileOf(path: string): string {
  const candidates = [path, `${path}.js`, join(path, 'index.js')];
  return candidates.find((file) => statSync(file, { throwIfNoEntry: false })?.isFile()) ?? path;
}
