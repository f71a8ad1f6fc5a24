import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { TensorflowDevice } from '../installation.ts';
import { architectureOf } from './library-architecture.ts';
import { defaultTensorflow, type Machine, type TensorflowPlatform } from './platform.ts';

/** A folder of Python packages in which TensorFlow is installed. */
export interface LibraryFolder {
  /** The folder that holds the folder `tensorflow`. */
  readonly sitePackages: string;
  /** The Python package that was installed, with `_` for `-`. */
  readonly pythonPackage: string;
  readonly version: string;
}

/** What TensorFlow is wanted. */
export interface WantedTensorflow {
  readonly device: TensorflowDevice;
  /** An exact version; undefined where any will do. */
  readonly version: string | undefined;
  readonly machine: Machine;
  readonly platform: TensorflowPlatform;
}

/**
 * TensorFlow in a folder: the package's own folder, one that holds it, or a virtual environment.
 *
 * @throws if it is not there, or cannot be used, with what would be right
 */
export function libraryFolder(path: string, wanted: WantedTensorflow): LibraryFolder {
  const sitePackages = sitePackagesOf(resolve(path));
  if (sitePackages === undefined) {
    throw new Error(
      `${path} holds no TensorFlow: give the folder of a virtual environment, its site-packages, or a wheel.`,
    );
  }
  const { pythonPackage, version } = distributionIn(sitePackages);
  if (wanted.version !== undefined && wanted.version !== version) {
    throw new Error(`${path} holds TensorFlow ${version}, and ${wanted.version} was asked for.`);
  }
  refusePackage(pythonPackage, path, wanted);
  for (const name of wanted.platform.libraries) {
    checkLibrary(join(sitePackages, 'tensorflow', name), version, wanted.machine);
  }
  return { sitePackages, pythonPackage, version };
}

/** @throws if a package other than TensorFlow is given, or one without GPU kernels where they are wanted */
export function refusePackage(pythonPackage: string, path: string, { device }: WantedTensorflow): void {
  if (!/^tensorflow(_|$)/.test(pythonPackage)) {
    throw new Error(`${path} is the package ${pythonPackage}, not tensorflow.`);
  }
  if (device === 'gpu' && pythonPackage !== 'tensorflow') {
    throw new Error(
      `${path} is ${pythonPackage}, which has no GPU kernels: give the package tensorflow, or install without --gpu.`,
    );
  }
}

/** @throws if a library is not there, or is for another processor */
export function checkLibrary(path: string, version: string, machine: Machine): void {
  if (!existsSync(path)) {
    throw new Error(
      `TensorFlow ${version} has no ${basename(path)}, which the addon of tfjs-node is linked to. Versions from 2.15 have it: ` +
        `upgrade it, or give --tensorflow ${defaultTensorflow}.`,
    );
  }
  const architecture = architectureOf(path);
  if (architecture !== machine.arch) {
    throw new Error(
      `${path} is for ${architecture ?? 'an unknown processor'}, and this machine is ${machine.arch}.`,
    );
  }
}

function sitePackagesOf(path: string): string | undefined {
  if (basename(path) === 'tensorflow' && existsSync(join(path, '__init__.py'))) return dirname(path);
  if (isFolder(join(path, 'tensorflow'))) return path;
  const lib = join(path, 'lib');
  const pythons = isFolder(lib) ? readdirSync(lib).filter((name) => name.startsWith('python')) : [];
  return pythons
    .map((name) => join(lib, name, 'site-packages'))
    .find((folder) => isFolder(join(folder, 'tensorflow')));
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Which package and version is installed, by the `.dist-info` folder that every installer writes (PEP 376). */
function distributionIn(sitePackages: string): { pythonPackage: string; version: string } {
  for (const name of readdirSync(sitePackages)) {
    const [, pythonPackage, version] =
      /^(tensorflow(?:_cpu|_rocm|_macos|_cpu_aws)?)-([^-]+)\.dist-info$/.exec(name) ?? [];
    if (pythonPackage !== undefined) return { pythonPackage, version: version! };
  }
  throw new Error(
    `${sitePackages} has no tensorflow-VERSION.dist-info, so it is not known which TensorFlow this is: install it with pip.`,
  );
}
