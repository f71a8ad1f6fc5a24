import { matMul, setBackend, tensor2d } from '@tensorflow/tfjs-core';
import { Command, CommanderError } from 'commander';
import { cacheFolder } from '../cache-folder.ts';
import { check, type InstallOptions, install, remove } from '../install/install.ts';
import type { ProbeResult } from '../install/probe.ts';
import { formatBytes } from '../install/report.ts';
import { type Installation, readInstallation, type TensorflowDevice } from '../installation.ts';
import { loadInstallation } from '../load/load-tensorflow.ts';
import { terminalReport } from './terminal-report.ts';

/** Exit codes: everything went well, something failed, wrong usage. */
const exitCodes = { success: 0, failure: 1, usage: 2 } as const;

/**
 * Runs the command line and returns its exit code; errors are printed, never thrown.
 *
 * @param name how the program is called
 */
export async function main(args: readonly string[], name = 'steepest-tensorflow'): Promise<number> {
  let exitCode: number = exitCodes.success;
  const program = commandLine(name, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.success : exitCodes.usage;
    console.error(error instanceof Error ? error.message : String(error));
    return exitCodes.failure;
  }
}

/** Flags of `install` as they are typed. */
interface InstallFlags {
  readonly gpu?: boolean;
  readonly from?: string;
  readonly tensorflow?: string;
}

function commandLine(name: string, setExitCode: (code: number) => void): Command {
  const program = new Command(name)
    .description("Installs TensorFlow's own library as a backend of TensorFlow.js, from a Python wheel.")
    .exitOverride()
    .addHelpText('after', examples);
  program
    .command('install')
    .description('install it into the cache folder of the user, for every application')
    .option('--gpu', 'the library for NVIDIA GPUs, with CUDA and cuDNN (Linux on x64)')
    .option('--from <path>', 'a wheel, a virtual environment or site-packages, instead of looking for one')
    .option('--tensorflow <version>', 'an exact version of TensorFlow')
    .exitOverride()
    .action(({ gpu, from, tensorflow }: InstallFlags) =>
      installCommand({ device: gpu ? 'gpu' : 'cpu', from, tensorflow }),
    );
  program
    .command('check')
    .description('say what is installed, and compute with it')
    .option('--json', 'print it as JSON')
    .exitOverride()
    .action(async ({ json = false }: { readonly json?: boolean }) => {
      if (!(await checkCommand(json))) setExitCode(exitCodes.failure);
    });
  program
    .command('remove')
    .description('remove everything that was installed and downloaded')
    .exitOverride()
    .action(async () => {
      const bytes = await remove();
      console.log(bytes === 0 ? 'nothing is installed' : `removed ${cacheFolder()} (${formatBytes(bytes)})`);
    });
  program.command('probe <record>', { hidden: true }).action(probeCommand);
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
      console.error(`${device}: ${(error as Error).message}`);
    }
  }
  if (json) console.log(JSON.stringify(found, null, 2));
  else for (const { installation, result } of found) console.log(describe(installation, result).join('\n'));
  if (found.length > 0 || !works) return works;
  console.error('TensorFlow is not installed. Run `npx steepest-tensorflow install`.');
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

/** Loads an installation and computes with it; run in a process of its own. */
async function probeCommand(record: string): Promise<void> {
  const installation = readInstallation(record);
  if (installation === undefined) throw new Error(`${record} does not exist.`);
  const start = performance.now();
  const { usesGpu } = loadInstallation(installation, { hideGpus: false, threads: undefined });
  await setBackend('tensorflow');
  const product = matMul(tensor2d([1, 2, 3, 4], [2, 2]), tensor2d([5, 6, 7, 8], [2, 2]));
  const values = [...(await product.data())];
  if (values.join() !== '19,22,43,50') {
    throw new Error(`The product of two matrices is ${values.join()}, not 19,22,43,50.`);
  }
  console.log(JSON.stringify({ usesGpu, milliseconds: Math.round(performance.now() - start) }));
}

const examples = () => `
Examples:
  npx steepest-tensorflow install                           the installed Python's TensorFlow, or one that pip downloads
  npx steepest-tensorflow install --from tensorflow_cpu-2.19.1-cp311-cp311-manylinux_2_27_x86_64.whl
  npx steepest-tensorflow install --gpu                     with CUDA and cuDNN from their wheels
  npx steepest-tensorflow check

Nothing is written outside ${cacheFolder()}.
Exit codes: 0 done, 1 a failure or nothing that works, 2 wrong usage.`;
