import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { lstat, mkdir, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { takeLock, writeJson } from '@steepest/run-files';
import { cacheFolder } from '../cache-folder.ts';
import {
  damageOf,
  findInstallation,
  type Installation,
  type InstalledFile,
  recordPath,
  type TensorflowDevice,
} from '../installation.ts';
import { placeAddon } from './addon.ts';
import { findLibraries, type LibrarySource } from './find-libraries.ts';
import { checkLibrary } from './library-folder.ts';
import { type Machine, type TensorflowPlatform, tensorflowPlatform, thisMachine } from './platform.ts';
import { type ProbeResult, probe } from './probe.ts';
import { formatBytes, type InstallReport } from './report.ts';
import { placeTfjsNode, tfjsNodeVersion } from './tfjs-node.ts';
import { unpackWheel } from './wheel.ts';

/** Options of `install`. */
export interface InstallOptions {
  readonly device: TensorflowDevice;
  /** A wheel, a folder of Python packages or a virtual environment. */
  readonly from?: string | undefined;
  /** Version of TensorFlow. */
  readonly tensorflow?: string | undefined;
}

/** The steps that reach outside, which tests replace. */
export interface InstallSteps {
  readonly machine: Machine;
  readonly placeTfjsNode: typeof placeTfjsNode;
  readonly placeAddon: typeof placeAddon;
  readonly probe: typeof probe;
}

const realSteps = (): InstallSteps => ({ machine: thisMachine(), placeTfjsNode, placeAddon, probe });

/**
 * Installs TensorFlow into the cache folder. It is used only once everything is there and a process has computed with it; what was in
 * use before is used until then. An installation that was interrupted resumes with what it had.
 *
 * @throws if it cannot work on this machine, or a step fails, with what to do
 */
export async function install(
  options: InstallOptions,
  report: InstallReport,
  steps: InstallSteps = realSteps(),
): Promise<{ readonly installation: Installation; readonly result: ProbeResult }> {
  const { device, from, tensorflow: version } = options;
  const platform = tensorflowPlatform(steps.machine, device);
  const cache = cacheFolder();
  await mkdir(cache, { recursive: true });
  const release = await locked(cache, report);
  try {
    const wanted = { device, version, machine: steps.machine, platform };
    const source = await findLibraries(from, wanted, join(cache, 'wheels'), report);
    const folder = join(cache, `${source.version}-${device}-${fingerprint(source)}`);
    const libraries = await placeLibraries(source, folder, platform, report);
    for (const { path } of libraries) checkLibrary(path, source.version, steps.machine);
    const tfjsNodeFolder = join(folder, 'tfjs-node');
    if (!existsSync(join(tfjsNodeFolder, 'complete'))) {
      await steps.placeTfjsNode(tfjsNodeFolder, report);
      await writeFile(join(tfjsNodeFolder, 'complete'), '');
    }
    const placed = await steps.placeAddon({ folder, platform }, report);
    const installation: Installation = {
      schemaVersion: 1,
      device,
      tensorflow: source.version,
      tfjsNode: tfjsNodeVersion,
      tfjsNodeFolder,
      libraries,
      ...placed,
      source: source.kind === 'folder' ? source.sitePackages : basename(source.wheels[0]!),
    };
    const candidate = join(folder, 'installation.json');
    await writeJson(candidate, installation);
    report.step('loading it and multiplying two matrices');
    const result = await steps.probe(candidate, installation);
    const previous = previousInstallation(device, cache);
    await writeJson(recordPath(device, cache), installation);
    const superseded = previous && ownFolder(previous, cache);
    if (superseded !== undefined && superseded !== resolve(folder)) {
      await rm(superseded, { recursive: true, force: true });
      report.step(`removed TensorFlow ${previous!.tensorflow}, which was in use before`);
    }
    return { installation, result };
  } finally {
    await release();
  }
}

/** Tells installations of one version from different sources apart, so that none is written over while it is in use. */
function fingerprint(source: LibrarySource): string {
  const identity =
    source.kind === 'folder'
      ? source.sitePackages
      : JSON.stringify(source.wheels.map((wheel) => [basename(wheel), statSync(wheel).size]));
  return createHash('sha256').update(identity).digest('hex').slice(0, 12);
}

/** A record that cannot be read is replaced by the new one. */
function previousInstallation(device: TensorflowDevice, cache: string): Installation | undefined {
  try {
    return findInstallation(device, cache);
  } catch {
    return undefined;
  }
}

/** The folder that an installation is in; undefined where its record names one that is not directly in the cache, and so is not ours. */
function ownFolder({ tfjsNodeFolder }: Installation, cache: string): string | undefined {
  const folder = dirname(resolve(String(tfjsNodeFolder)));
  return dirname(folder) === resolve(cache) ? folder : undefined;
}

/** Keeps a second installation waiting; the lock of a process that is gone is taken over. */
async function locked(cache: string, report: InstallReport): Promise<() => Promise<void>> {
  for (let waits = 0; ; waits++) {
    const lock = await takeLock(join(cache, 'install.lock'));
    if (!('busy' in lock)) return lock.release;
    if (waits === 0) report.step(`${lock.busy} is installing TensorFlow: waiting for it`);
    await sleep(1_000);
  }
}

/** Links the folder of Python, or unpacks wheels into one of the same shape. */
async function placeLibraries(
  source: LibrarySource,
  folder: string,
  platform: TensorflowPlatform,
  report: InstallReport,
): Promise<InstalledFile[]> {
  const sitePackages = join(folder, 'site-packages');
  if (source.kind === 'folder') await linkTo(source.sitePackages, sitePackages, folder);
  else await unpackAll(source.wheels, sitePackages, folder, platform, report);
  return platform.libraries.map((name) => {
    const path = join(sitePackages, 'tensorflow', name);
    return { path, bytes: statSync(path, { throwIfNoEntry: false })?.size ?? 0 };
  });
}

async function linkTo(target: string, link: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  if ((await readlink(link).catch(() => undefined)) === target) return;
  await rm(link, { recursive: true, force: true });
  await symlink(target, link, 'dir');
}

/** Headers of TensorFlow's C interface, without which the addon is not compiled; the rest of 13,000 headers is C++. */
const header = /^tensorflow\/include\/(tensorflow\/c\/|(.+\/)?tsl\/c\/|(.+\/)?ctstring)\S*\.h$/;
/** Libraries of CUDA and the programs that TensorFlow starts; headers and static libraries are for who compiles against them. */
const cudaFile = /^nvidia\/(?!.*\/include\/)(?!.*\.a$)/;

async function unpackAll(
  wheels: readonly string[],
  sitePackages: string,
  folder: string,
  { libraries }: TensorflowPlatform,
  report: InstallReport,
): Promise<void> {
  const list = join(folder, 'wheels.json');
  const names = JSON.stringify(wheels.map((wheel) => [basename(wheel), statSync(wheel).size]));
  // What another wheel left here may have files of the same size.
  const isOther = !existsSync(list) || readFileSync(list, 'utf8') !== names;
  if (isOther || (await lstat(sitePackages).catch(() => undefined))?.isSymbolicLink()) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await writeFile(list, names);
  }
  const wantedLibraries = libraries.map((name) => `tensorflow/${name}`);
  const isWanted = (path: string) =>
    wantedLibraries.includes(path) || header.test(path) || cudaFile.test(path);
  for (const wheel of wheels) {
    report.step(`unpacking the libraries of ${basename(wheel)}`);
    const { bytes, unpackedBytes } = await unpackWheel(wheel, sitePackages, isWanted, report);
    report.step(
      unpackedBytes > 0
        ? `unpacked ${formatBytes(unpackedBytes)}`
        : `unpacked before (${formatBytes(bytes)})`,
    );
  }
}

/** The installation of a device as `check` describes it: what it is, what is wrong with it, or that there is none. */
export async function check(
  device: TensorflowDevice,
  run: typeof probe = probe,
): Promise<{ readonly installation: Installation; readonly result: ProbeResult } | undefined> {
  const installation = findInstallation(device);
  if (installation === undefined) return undefined;
  const damage = damageOf(installation);
  if (damage !== undefined) throw new Error(damage);
  return { installation, result: await run(recordPath(device), installation) };
}

/**
 * Removes everything that was installed and downloaded.
 *
 * @returns the bytes that were freed
 */
export async function remove(): Promise<number> {
  const cache = cacheFolder();
  const bytes = await bytesIn(cache);
  // Records first: what is half removed is not in use.
  for (const device of ['cpu', 'gpu'] as const) await rm(recordPath(device, cache), { force: true });
  await rm(cache, { recursive: true, force: true });
  return bytes;
}

/** Links are not followed: a Python's own libraries are not ours. */
async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  let bytes = 0;
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += await bytesIn(path);
    else if (entry.isFile()) bytes += statSync(path).size;
  }
  return bytes;
}
