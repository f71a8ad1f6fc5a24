/** The command line of another package, which is loaded when it is called. */
interface MountedCommand {
  readonly description: string;
  /** Runs it with the arguments after its name, and returns the exit code. */
  run(args: readonly string[]): Promise<number>;
}

/** Commands that packages of their own bring along. */
export const mountedCommands: Readonly<Record<string, MountedCommand>> = {
  data: {
    description: 'prepare, check and show token shards: `steepest data --help`',
    run: async (args) => (await import('@steepest/c4-data/cli')).runDataCli(args, { name: 'steepest data' }),
  },
  laws: {
    description: 'fit scaling laws on runs, and ask them what to do next: `steepest laws --help`',
    run: async (args) => (await import('@steepest/scaling-laws/cli')).main(args, 'steepest laws'),
  },
  tensorflow: {
    description: "install TensorFlow's own library as the fastest backend: `steepest tensorflow --help`",
    run: async (args) => (await import('@steepest/tensorflow/cli')).main(args, 'steepest tensorflow'),
  },
  new: {
    description: 'create an optimizer package to start from: `steepest new --help`',
    run: async (args) =>
      (await import('@steepest/optimizer-testing/new-optimizer')).main(args, process.cwd(), 'steepest new'),
  },
};
