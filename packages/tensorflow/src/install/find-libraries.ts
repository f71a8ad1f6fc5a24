import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type LibraryFolder, libraryFolder, refusePackage, type WantedTensorflow } from './library-folder.ts';
import { defaultTensorflow } from './platform.ts';
import { findPython, type Python, pipDownload } from './python.ts';
import { formatBytes, type InstallReport } from './report.ts';
import { readFromWheel } from './wheel.ts';
import { parseWheelName } from './wheel-name.ts';

/** Where the libraries are to be taken from. */
export type LibrarySource =
  | ({ readonly kind: 'folder' } & LibraryFolder)
  | {
      readonly kind: 'wheels';
      readonly version: string;
      /** The wheel of TensorFlow, and after it those of CUDA. */
      readonly wheels: readonly string[];
    };

/**
 * Finds TensorFlow's libraries: where the user says, else in the installed Python, else in wheels that are in the cache, else by
 * `pip download`.
 *
 * @throws where there are none that can be used, with what to do
 */
export async function findLibraries(
  from: string | undefined,
  wanted: WantedTensorflow,
  wheelFolder: string,
  report: InstallReport,
): Promise<LibrarySource> {
  if (from?.endsWith('.whl')) {
    const { version } = checkedWheel(from, wanted);
    report.step(`TensorFlow ${version} of ${from}`);
    return { kind: 'wheels', version, wheels: [from] };
  }
  if (from !== undefined) return asSource(libraryFolder(from, wanted), report);
  const python = await findPython();
  const installed = python?.sitePackages;
  if (installed !== undefined) {
    try {
      return asSource(libraryFolder(installed, wanted), report);
    } catch (error) {
      report.step(`Python's TensorFlow is not used: ${(error as Error).message}`);
    }
  }
  return downloadedWheels(python, wanted, wheelFolder, report);
}

function asSource(folder: LibraryFolder, report: InstallReport): LibrarySource {
  report.step(`TensorFlow ${folder.version} of ${folder.sitePackages}, which must stay there`);
  return { kind: 'folder', ...folder };
}

/** @throws if the wheel is not of TensorFlow, or is for other machines */
function checkedWheel(path: string, wanted: WantedTensorflow): { version: string } {
  if (!existsSync(path)) throw new Error(`${path} does not exist.`);
  const { package: pythonPackage, version, platformTags } = parseWheelName(path);
  refusePackage(pythonPackage, path, wanted);
  if (wanted.version !== undefined && wanted.version !== version) {
    throw new Error(`${path} is TensorFlow ${version}, and ${wanted.version} was asked for.`);
  }
  const { wheelTags } = wanted.platform;
  if (!platformTags.some((tag) => wheelTags.includes(tag))) {
    throw new Error(
      `${path} is for ${platformTags.join(', ')}, and this machine takes wheels for ${wheelTags.join(', ')}.`,
    );
  }
  return { version };
}

async function downloadedWheels(
  python: Python | undefined,
  wanted: WantedTensorflow,
  wheelFolder: string,
  report: InstallReport,
): Promise<LibrarySource> {
  const version = wanted.version ?? defaultTensorflow;
  const { pythonPackage } = wanted.platform;
  const tensorflow = await wheelOf(`${pythonPackage}==${version}`, python, wanted, wheelFolder, report);
  const wheels = [tensorflow];
  if (wanted.device === 'gpu') {
    for (const requirement of await cudaRequirements(tensorflow)) {
      wheels.push(await wheelOf(requirement, python, wanted, wheelFolder, report));
    }
  }
  return { kind: 'wheels', version, wheels };
}

/** What the wheel of TensorFlow requires with its extra `and-cuda` (core metadata specification, Requires-Dist). */
export async function cudaRequirements(wheel: string): Promise<string[]> {
  const metadata = await readFromWheel(wheel, (path) => /^[^/]+\.dist-info\/METADATA$/.test(path));
  const lines = [...(metadata ?? '').matchAll(/^Requires-Dist: (.+?)\s*;\s*extra == ["']and-cuda["']\s*$/gm)];
  return lines.map(([, requirement]) => requirement!.replace(/[\s()]/g, ''));
}

/** A wheel of the cache, downloaded if it is not there. Only whole ones are under their own names. */
async function wheelOf(
  requirement: string,
  python: Python | undefined,
  wanted: WantedTensorflow,
  wheelFolder: string,
  report: InstallReport,
): Promise<string> {
  await mkdir(wheelFolder, { recursive: true });
  const cached = cachedWheel(requirement, wanted, wheelFolder);
  if (cached !== undefined) {
    report.step(`${requirement}: downloaded before (${sizeOf(cached)})`);
    return cached;
  }
  if (!python?.hasPip) throw new Error(`${missing(python)} ${withoutPip(requirement)}`);
  report.step(`downloading ${requirement} with pip`);
  const folder = await mkdtemp(join(wheelFolder, 'partial-'));
  try {
    const { wheelTags } = wanted.platform;
    const showsProgress = report.showsPrograms;
    await pipDownload(python, { requirements: [requirement], wheelTags, folder, showsProgress });
    const [name] = (await readdir(folder)).filter((file) => file.endsWith('.whl'));
    const wheel = join(wheelFolder, name!);
    await rename(join(folder, name!), wheel);
    report.step(`downloaded ${name} (${sizeOf(wheel)})`);
    return wheel;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function missing(python: Python | undefined): string {
  return python === undefined ? 'There is no Python 3 here.' : `${python.program} has no pip.`;
}

function withoutPip(requirement: string): string {
  return (
    'Install Python 3 with pip (on Debian and Ubuntu `apt-get install python3-pip`), or run `pip download --no-deps ' +
    `${requirement}\` on another machine of this kind and give \`--from WHEEL\`.`
  );
}

/** CUDA's requirements are ranges, and any wheel that was downloaded for one is in it. */
function cachedWheel(
  requirement: string,
  { platform }: WantedTensorflow,
  wheelFolder: string,
): string | undefined {
  const [, name, exact] = /^([\w-]+)(?:==([\w.]+))?/.exec(requirement)!;
  const found = readdirSync(wheelFolder).find((file) => {
    if (!file.endsWith('.whl')) return false;
    const wheel = parseWheelName(file);
    const isNamed = wheel.package === name!.toLowerCase().replaceAll('-', '_');
    const fits = wheel.platformTags.some((tag) => platform.wheelTags.includes(tag));
    return isNamed && fits && (exact === undefined || wheel.version === exact);
  });
  return found === undefined ? undefined : join(wheelFolder, found);
}

function sizeOf(path: string): string {
  return formatBytes(statSync(path).size);
}
