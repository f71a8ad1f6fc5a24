import { existsSync, statSync } from 'node:fs';
import { copyFile, mkdir, rename } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { include_dir as nodeApiHeaders } from 'node-api-headers';
import type { InstalledFile } from '../installation.ts';
import type { TensorflowPlatform } from './platform.ts';
import type { InstallReport } from './report.ts';
import { lastLines, runCommand } from './run-command.ts';

/** Where an addon is built, in the folder of an installation: its `rpath` leads from there to the libraries. */
const addonPath = join('addon', 'tfjs_binding.node');
const librariesFromAddon = join('..', 'site-packages', 'tensorflow');

/** What an addon is made from. */
export interface AddonParts {
  /** Folder of the installation, with the folders `site-packages` and `tfjs-node`. */
  readonly folder: string;
  readonly platform: TensorflowPlatform;
  /** Finds a file of an installed package, or throws. */
  readonly resolve?: (request: string) => string;
}

/** An addon and where it comes from. */
export interface PlacedAddon {
  readonly addon: InstalledFile;
  readonly addonSource: string;
}

/** Packages of compiled addons have no code and no dependency, and the application installs the one for its platform or none. */
export function prebuiltPackage(platform: TensorflowPlatform): string {
  return `@steepest/tensorflow-${platform.name}`;
}

/**
 * Puts the N-API addon of tfjs-node into an installation: the compiled one of the package for this platform where that is installed,
 * else one that the C++ compiler of this machine makes.
 *
 * @throws if there is neither, or the compiler fails
 */
export async function placeAddon(parts: AddonParts, report: InstallReport): Promise<PlacedAddon> {
  const path = join(parts.folder, addonPath);
  const partial = `${path}.partial`;
  await mkdir(dirname(path), { recursive: true });
  const prebuilt = findPrebuilt(parts);
  let addonSource: string;
  if (prebuilt === undefined) {
    addonSource = await compile(parts, partial, report);
  } else {
    addonSource = prebuiltPackage(parts.platform);
    report.step(`taking the compiled addon of ${addonSource}`);
    await copyFile(prebuilt, partial);
  }
  await rename(partial, path);
  return { addon: { path, bytes: statSync(path).size }, addonSource };
}

function findPrebuilt({
  platform,
  resolve = createRequire(import.meta.url).resolve,
}: AddonParts): string | undefined {
  try {
    const file = resolve(`${prebuiltPackage(platform)}/tfjs_binding.node`);
    return existsSync(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

async function compile(
  { folder, platform }: AddonParts,
  target: string,
  report: InstallReport,
): Promise<string> {
  const compiler = await findCompiler();
  if (compiler === undefined) {
    throw new Error(
      'There is no C++ compiler here. Install one (on Debian and Ubuntu `apt-get install g++`, on Fedora `dnf install gcc-c++`, on ' +
        `macOS \`xcode-select --install\`), name it in CXX, or install the compiled addon with \`npm install ${prebuiltPackage(platform)}\`.`,
    );
  }
  const libraries = join(folder, 'site-packages', 'tensorflow');
  const header = join(libraries, 'include', 'tensorflow', 'c', 'c_api.h');
  if (!existsSync(header)) {
    throw new Error(
      `${header} is missing: this TensorFlow comes without the headers of its C interface. Give one that has them, as the wheels of ` +
        `pip do, or install the compiled addon with \`npm install ${prebuiltPackage(platform)}\`.`,
    );
  }
  report.step(`compiling the addon with ${compiler}`);
  const source = join(folder, 'tfjs-node', 'binding');
  const result = await runCommand(compiler, [
    ...['-std=c++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8'],
    ...(platform.name.startsWith('darwin') ? ['-undefined', 'dynamic_lookup'] : []),
    `-I${nodeApiHeaders}`,
    `-I${join(libraries, 'include')}`,
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => join(source, file)),
    ...platform.libraries.map((library) => join(libraries, library)),
    `-Wl,-rpath,${rpathOrigin(platform)}/${librariesFromAddon}`,
    ...['-o', target],
  ]);
  if (result?.code !== 0) {
    throw new Error(
      `${compiler} could not compile the addon${result ? `:\n${lastLines(result, 12)}\n` : '. '}It needs C++17, as GCC 9 and Clang 10 have it.`,
    );
  }
  return compiler;
}

/** The dynamic linker's word for the folder of the file that needs a library. */
function rpathOrigin({ name }: TensorflowPlatform): string {
  return name.startsWith('darwin') ? '@loader_path' : '$ORIGIN';
}

/** The first that answers among `$CXX` and the usual names. */
async function findCompiler(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string | undefined> {
  for (const compiler of environment.CXX ? [environment.CXX] : ['c++', 'g++', 'clang++']) {
    if ((await runCommand(compiler, ['--version']))?.code === 0) return compiler;
  }
  return undefined;
}
