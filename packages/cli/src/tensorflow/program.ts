import type { Installation, TensorflowDevice } from '@steepest/tensorflow';
import {
  cacheFolder,
  check,
  formatBytes,
  type InstallOptions,
  install,
  type ProbeResult,
  remove,
} from '@steepest/tensorflow/install';
import { Command } from 'commander';
import { exitCodes, programName } from '../frame.ts';
import { terminalReport } from './terminal-report.ts';

/** Flags of `install` as they are typed. */
interface InstallFlags {
  readonly gpu?: boolean;
  readonly from?: string;
  readonly tensorflow?: string;
}

/** The command line that installs TensorFlow: `install`, `check` and `remove`. */
export function tensorflowProgram(setExitCode: (code: number) => void): Command {
  const program = new Command('steepest tensorflow')
    .description("Installs TensorFlow's own library as a backend of TensorFlow.js, from a Python wheel.")
    .addHelpText('after', examples);
  program
    .command('install')
    .description('install it into the cache folder of the user, for every application')
    .option('--gpu', 'the library for NVIDIA GPUs, with CUDA and cuDNN (Linux on x64)')
    .option('--from <path>', 'a wheel, a virtual environment or site-packages, instead of looking for one')
    .option('--tensorflow <version>', 'an exact version of TensorFlow')
    .action(({ gpu, from, tensorflow }: InstallFlags) =>
      installCommand({ device: gpu ? 'gpu' : 'cpu', from, tensorflow }),
    );
  program
    .command('check')
    .description('say what is installed, and compute with it')
    .option('--json', 'print it as JSON')
    .action(async ({ json = false }: { readonly json?: boolean }) => {
      if (!(await checkCommand(json))) setExitCode(exitCodes.failure);
    });
  program
    .command('remove')
    .description('remove everything that was installed and downloaded')
    .action(async () => {
      const bytes = await remove();
      console.log(bytes === 0 ? 'nothing is installed' : `removed ${cacheFolder()} (${formatBytes(bytes)})`);
    });
  return program;
}

async function installCommand(options: InstallOptions): Promise<void> {
  const report = terminalReport(process.stderr);
  try {
    const { installation, result } = await install(options, report);
    report.close();
    console.log(describe(installation, result).join('\n'));
  } finally {
    report.close();
  }
}

async function checkCommand(json: boolean): Promise<boolean> {
  const devices: TensorflowDevice[] = ['cpu', 'gpu'];
  const found = [];
  let works = true;
  for (const device of devices) {
    try {
      const state = await check(device);
      if (state !== undefined) found.push(state);
    } catch (error) {
      works = false;
      console.error(`error: ${device}: ${(error as Error).message}`);
    }
  }
  if (json) console.log(JSON.stringify(found, null, 2));
  else for (const { installation, result } of found) console.log(describe(installation, result).join('\n'));
  if (found.length > 0 || !works) return works;
  console.error(`error: TensorFlow is not installed. Run \`${programName('tensorflow')} install\`.`);
  return false;
}

function describe(installation: Installation, { usesGpu, milliseconds, warnings }: ProbeResult): string[] {
  const { device, tensorflow, tfjsNode, libraries, addonSource, source } = installation;
  const bytes = libraries.reduce((sum, file) => sum + file.bytes, 0);
  const on = device === 'cpu' ? 'the processor' : usesGpu ? 'a GPU' : 'the processor, since no GPU answers';
  return [
    `TensorFlow ${tensorflow} with the kernels of tfjs-node ${tfjsNode} works on ${on}`,
    `  libraries: ${formatBytes(bytes)} of ${source}`,
    `  addon: ${addonSource}; loaded in ${(milliseconds / 1000).toFixed(1)} s`,
    ...(device === 'gpu' && !usesGpu ? warnings.map((warning) => `  TensorFlow says: ${warning}`) : []),
  ];
}

const examples = () => `
Examples:
  ${programName('tensorflow')} install                           the installed Python's TensorFlow, or one that pip downloads
  ${programName('tensorflow')} install --from tensorflow_cpu-2.19.1-cp311-cp311-manylinux_2_27_x86_64.whl
  ${programName('tensorflow')} install --gpu                     with CUDA and cuDNN from their wheels
  ${programName('tensorflow')} check

Nothing is written outside ${cacheFolder()}.
Exit codes: 0 done, 1 a failure or nothing that works, 2 wrong usage.`;
