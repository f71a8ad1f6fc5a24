import { RunError } from '@steepest/run-files';
import { type Command, CommanderError, InvalidArgumentError } from 'commander';

/** Exit codes: everything went well, something failed, wrong usage, interrupted by the user. */
export const exitCodes = { success: 0, failure: 1, usage: 2, interrupted: 130 } as const;

/** A command line that asks for something that does not exist. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Runs a command line and returns its exit code; errors are printed, never thrown.
 *
 * @param define adds commands to the program; they may set another exit code than success
 */
export async function runProgram(
  args: readonly string[],
  define: (setExitCode: (code: number) => void) => Command,
): Promise<number> {
  let exitCode: number = exitCodes.success;
  try {
    const program = define((code) => {
      exitCode = code;
    });
    for (const command of [program, ...program.commands]) command.exitOverride();
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.success : exitCodes.usage;
    console.error(describeError(error));
    return error instanceof UsageError ? exitCodes.usage : exitCodes.failure;
  }
}

/** What a user can set right, by its message; the place in the code of what is a mistake there. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return `error: ${error}`;
  // Problems of a file begin with the file, as compilers write them, so that terminals and editors find the place.
  if (error.name === 'ExperimentError') return error.message;
  const isKnown = error instanceof RunError || error instanceof UsageError;
  return isKnown ? `error: ${error.message}` : (error.stack ?? error.message);
}

/**
 * Lets this process run to its end, and to its exit code, where whoever reads its output has had enough, as `head` does after some
 * lines: training is not lost with its audience.
 */
export function surviveClosedOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

/** How the user calls this program, for messages that show a command. */
export function programName(): string {
  return process.env.npm_lifecycle_event === 'bench' ? 'npm run bench --' : 'npx @steepest/cli';
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a number greater than 0.');
}

/** Reads whole numbers of a range. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    const limit = most === Number.MAX_SAFE_INTEGER ? '' : ` and at most ${most}`;
    throw new InvalidArgumentError(`It must be a whole number of at least ${least}${limit}.`);
  };
}
