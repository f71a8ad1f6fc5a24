import type { OptimizerClass } from '@steepest/optimizer';

/** An installed package whose optimizers were imported. */
export interface LoadedPackage {
  readonly name: string;
  readonly version: string;
  /** Its folder, with symbolic links followed. */
  readonly folder: string;
  /** The classes that its entry exports, by the name of their rule. */
  readonly optimizers: ReadonlyMap<string, OptimizerClass<object>>;
}

/** An installed package that says it holds optimizers and could not be used. */
export interface FailedPackage {
  readonly name: string;
  readonly folder: string;
  readonly reason: string;
}

interface PackageTable {
  readonly loaded: Map<string, LoadedPackage>;
  readonly failed: Map<string, FailedPackage>;
}

// One table a process: the two entries of this package, and its two formats, are separate builds.
const key = Symbol.for('@steepest/registry/packages');
const holder = globalThis as { [key]?: PackageTable };

/** The packages found so far in this process, by their name. */
export function packageTable(): PackageTable {
  holder[key] ??= { loaded: new Map(), failed: new Map() };
  return holder[key];
}
