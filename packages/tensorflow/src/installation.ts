import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';

/** What TensorFlow computes on: the processor, or an NVIDIA GPU with the processor where no GPU answers. */
export type TensorflowDevice = 'cpu' | 'gpu';

/** A file of an installation and its size, by which a damaged or replaced one is noticed. */
export interface InstalledFile {
  readonly path: string;
  readonly bytes: number;
}

/** TensorFlow as `steepest tensorflow install` left it. */
export interface Installation {
  readonly schemaVersion: 1;
  readonly device: TensorflowDevice;
  /** Version of TensorFlow, such as `2.19.1`. */
  readonly tensorflow: string;
  /** Version of the @tensorflow/tfjs-node whose kernels and addon are used. */
  readonly tfjsNode: string;
  /** Folder with the JavaScript of tfjs-node. */
  readonly tfjsNodeFolder: string;
  /** libtensorflow_cc and libtensorflow_framework. */
  readonly libraries: readonly InstalledFile[];
  /** The N-API addon. */
  readonly addon: InstalledFile;
  /** Where the addon comes from: the compiler, or the package it was in. */
  readonly addonSource: string;
  /** Where the libraries come from: a folder of Python, or the name of a wheel. */
  readonly source: string;
}

const schemaVersion = 1;

/** The file that says which installation is in use for a device. */
export function recordPath(device: TensorflowDevice, cache: string = cacheFolder()): string {
  return join(cache, `${device}.json`);
}

/**
 * The installation in use for a device; undefined where there is none.
 *
 * @throws if its record cannot be read
 */
export function findInstallation(
  device: TensorflowDevice,
  cache: string = cacheFolder(),
): Installation | undefined {
  return readInstallation(recordPath(device, cache));
}

/** @throws if there is a record and it cannot be read, with what to do */
export function readInstallation(path: string): Installation | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new Error(`The installation of TensorFlow cannot be read: ${message}`, { cause: error });
  }
  const record = parsed(text);
  if (record === undefined) {
    throw new Error(
      `${path} is not a record of an installation of TensorFlow. ${reinstall('cpu')}, or the same with --gpu.`,
    );
  }
  return record;
}

function parsed(text: string): Installation | undefined {
  try {
    const record = JSON.parse(text) as Installation;
    const known = record.schemaVersion === schemaVersion && Array.isArray(record.libraries);
    return known && typeof record.addon?.path === 'string' ? record : undefined;
  } catch {
    return undefined;
  }
}

/** What is wrong with the files of an installation, as a sentence with the remedy; undefined if nothing is. */
export function damageOf(installation: Installation): string | undefined {
  for (const { path, bytes } of [...installation.libraries, installation.addon]) {
    const found = statSync(path, { throwIfNoEntry: false })?.size;
    if (found === bytes) continue;
    const what = found === undefined ? 'is missing' : `has ${found} bytes where ${bytes} were installed`;
    return `${path} ${what}. ${reinstall(installation.device)}.`;
  }
  return undefined;
}

/** The sentence, without its full stop, that tells how to install again. */
export function reinstall(device: TensorflowDevice): string {
  return `Run \`npx @steepest/cli tensorflow install${device === 'gpu' ? ' --gpu' : ''}\` again`;
}
