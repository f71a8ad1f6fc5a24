import { spawn } from 'node:child_process';

/** What a command printed and how it ended. */
export interface CommandResult {
  /** Exit code; undefined where a signal ended it. */
  readonly code: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Options of `runCommand`. */
export interface RunOptions {
  /** Lets the user see what it prints, on stderr, as it is printed. */
  readonly show?: boolean;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * Runs a program without a shell and waits for its end.
 *
 * @returns undefined where there is no such program
 */
export function runCommand(
  program: string,
  args: readonly string[],
  { show = false, environment = {} }: RunOptions = {},
): Promise<CommandResult | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', show ? 2 : 'pipe', show ? 'inherit' : 'pipe'],
      env: { ...process.env, ...environment },
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (data) => {
      stdout += data;
    });
    child.stderr?.on('data', (data) => {
      stderr += data;
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'EACCES') resolve(undefined);
      else reject(error);
    });
    child.on('close', (code, signal) => {
      resolve({ code: code ?? undefined, signal: signal ?? undefined, stdout, stderr });
    });
  });
}

/** The last lines of what a command said went wrong, for a message. */
export function lastLines({ stdout, stderr }: CommandResult, most = 4): string {
  const lines = (stderr.trim() || stdout.trim()).split('\n').map((line) => line.trim());
  return lines.slice(-most).join('\n');
}
