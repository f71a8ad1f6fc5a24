import { resolve } from 'node:path';
import { printableLines } from '@steepest/run-files';
import { type Command, CommanderError, InvalidArgumentError } from 'commander';

/** Exit codes: everything went well, something failed, wrong usage, interrupted by the user. */
export const exitCodes = { success: 0, failure: 1, usage: 2, interrupted: 130 } as const;

/** A command line that asks for something that does not exist. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Runs a command line and returns its exit code; errors are printed, never thrown, as JSON where `--json` asks for it.
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
    for (const command of [program, ...program.commands]) withFrame(command, args);
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.success : exitCodes.usage;
    console.error(args.includes('--json') ? errorJson(messageOf(error)) : describeError(error));
    return isUsage(error) ? exitCodes.usage : exitCodes.failure;
  }
}

/** Whether the command line asked for something that does not exist; packages below this one say so by the name of the error. */
function isUsage(error: unknown): boolean {
  return error instanceof Error && error.name === 'UsageError';
}

/** Has a command throw where commander would end the process, and tell its errors as JSON where that is asked for. */
export function withFrame(command: Command, args: readonly string[]): Command {
  command.exitOverride();
  if (!args.includes('--json')) return command;
  return command.configureOutput({
    outputError: (text, write) => write(`${errorJson(text.replace(/^error: /, '').trim())}\n`),
  });
}

function describeError(error: unknown): string {
  // Problems of a file begin with the file, as compilers write them, so that terminals and editors find the place.
  const isPlaced = error instanceof Error && error.name === 'ExperimentError';
  return isPlaced || isMistake(error) ? messageOf(error) : `error: ${messageOf(error)}`;
}

/** What a user can set right, by its message; the place in the code of what is a mistake there. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return printableLines(String(error));
  return isMistake(error) ? (error.stack ?? error.message) : printableLines(error.message);
}

/** Whether it is one of the errors that JavaScript itself throws. */
function isMistake(error: unknown): boolean {
  return [TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind);
}

function errorJson(message: string): string {
  return JSON.stringify({ error: message });
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

/**
 * How the user calls this program, for messages that show a command.
 *
 * @param command one of its commands that `npm run` knows in the repository too
 */
export function programName(command?: 'data' | 'laws' | 'tensorflow' | 'new'): string {
  const script = process.env.npm_lifecycle_event;
  if (command !== undefined && script === command) return `npm run ${command} --`;
  const program = script === 'bench' ? 'npm run bench --' : 'npx @steepest/cli';
  return command === undefined ? program : `${program} ${command}`;
}

/** Reads a number above 0. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a number greater than 0.');
}

/** Reads items with commas between, each by `read`. */
export function commaSeparated<T>(read: (item: string) => T): (text: string) => T[] {
  return (text) => text.split(',').map((item) => read(item.trim()));
}

/** A path as it was meant where npm was called: npm starts a script of a workspace in the folder of that workspace. */
export function fromCaller(path: string): string {
  return resolve(process.env.INIT_CWD ?? '.', path);
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
