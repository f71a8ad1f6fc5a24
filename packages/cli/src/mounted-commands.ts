import type { Command } from 'commander';
import { runProgram } from './frame.ts';

/** A command with commands of its own, whose code is loaded when it is called. */
interface MountedCommand {
  readonly description: string;
  /** Runs it with the arguments after its name, and returns the exit code. */
  run(args: readonly string[]): Promise<number>;
}

type Define = (setExitCode: (code: number) => void) => Command;

function mounted(description: string, load: () => Promise<Define>): MountedCommand {
  return { description, run: async (args) => runProgram(args, await load()) };
}

/** Commands over packages that are used without an experiment. */
export const mountedCommands: Readonly<Record<string, MountedCommand>> = {
  data: mounted(
    'prepare, check and show token shards: `steepest data --help`',
    async () => (await import('./data/program.ts')).dataProgram,
  ),
  laws: mounted(
    'fit scaling laws on runs, and ask them what to do next: `steepest laws --help`',
    async () => (await import('./laws/program.ts')).lawsProgram,
  ),
  tensorflow: mounted(
    "install TensorFlow's own library as the fastest backend: `steepest tensorflow --help`",
    async () => (await import('./tensorflow/program.ts')).tensorflowProgram,
  ),
  new: mounted(
    'create an optimizer package to start from: `steepest new --help`',
    async () => (await import('./new/program.ts')).newProgram,
  ),
};
