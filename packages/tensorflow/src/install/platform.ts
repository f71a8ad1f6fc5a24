import type { TensorflowDevice } from '../installation.ts';

/** A machine as far as it decides which libraries run on it. */
export interface Machine {
  /** Node's name of the operating system. */
  readonly platform: string;
  /** Node's name of the processor. */
  readonly arch: string;
  /** Version of glibc, such as `2.36`; undefined on macOS and with musl. */
  readonly glibc: string | undefined;
}

/** What TensorFlow's files are called on a machine, and which wheels fit it. */
export interface TensorflowPlatform {
  /** `linux-x64`, `linux-arm64` or `darwin-arm64`. */
  readonly name: string;
  /** The Python package that holds the library for a device. */
  readonly pythonPackage: string;
  /** Platform tags of wheels that run here, for pip. */
  readonly wheelTags: readonly string[];
  /** File names of the two libraries, the one that the addon needs first. */
  readonly libraries: readonly [string, string];
}

/** Version of TensorFlow that is installed where none is asked for: later ones print to stderr whatever the level of the log. */
export const defaultTensorflow = '2.19.1';

/** The machine that this process runs on. */
export function thisMachine(): Machine {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return { platform: process.platform, arch: process.arch, glibc: header.glibcVersionRuntime };
}

/**
 * The platform of a machine.
 *
 * @throws where TensorFlow has no library for it, with what to use instead
 */
export function tensorflowPlatform(machine: Machine, device: TensorflowDevice): TensorflowPlatform {
  const { platform, arch, glibc } = machine;
  const instead = 'The wasm backend of `prepareBackend` needs none of this.';
  if (device === 'gpu' && !(platform === 'linux' && arch === 'x64')) {
    throw new Error(
      `TensorFlow has a GPU library for Linux on x64 only, and this is ${platform} on ${arch}. Install without --gpu.`,
    );
  }
  if (platform === 'linux' && (arch === 'x64' || arch === 'arm64')) {
    if (glibc === undefined) {
      throw new Error(
        `This Linux has no glibc (Alpine has musl), and TensorFlow's libraries need it: use a Debian, Ubuntu or Fedora image. ${instead}`,
      );
    }
    const cpu = arch === 'x64' ? 'x86_64' : 'aarch64';
    return {
      name: `linux-${arch}`,
      // The package `tensorflow` holds the library for GPUs on x64, and that for processors elsewhere.
      pythonPackage: arch === 'x64' && device === 'cpu' ? 'tensorflow-cpu' : 'tensorflow',
      wheelTags: glibcTags(glibc, cpu),
      libraries: ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'],
    };
  }
  if (platform === 'darwin' && arch === 'arm64') {
    return {
      name: 'darwin-arm64',
      pythonPackage: 'tensorflow',
      wheelTags: ['macosx_12_0_arm64'],
      libraries: ['libtensorflow_cc.2.dylib', 'libtensorflow_framework.2.dylib'],
    };
  }
  const remedy = platform === 'win32' ? 'Use it in WSL 2. ' : '';
  throw new Error(
    `TensorFlow publishes no library that this package can use for ${platform} on ${arch}, only for Linux on x64 and arm64 and for ` +
      `macOS on arm64. ${remedy}${instead}`,
  );
}

/** `manylinux_2_N` runs with glibc 2.N and later; no wheel of TensorFlow with its C++ library is older than 2.17. */
function glibcTags(glibc: string, cpu: string): string[] {
  const minor = Number(glibc.split('.')[1]);
  const tags = minor >= 17 ? [`manylinux2014_${cpu}`] : [];
  for (let n = minor; n >= 17; n--) tags.unshift(`manylinux_2_${n}_${cpu}`);
  return tags;
}
