import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Root of the repository, where programs are started. */
export const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** How a program ended. */
export interface ProgramEnd {
  /** Absent where it was ended because its time was up, or never started. */
  readonly code?: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Node's arguments for a program of this repository in TypeScript. */
export const sourceFlags = ['--conditions=@steepest/source', '--import', 'tsx'];

/** Runs a program until it ends or its time is up, when it and what it has started are ended. */
export function runProgram(
  program: string,
  args: readonly string[],
  { seconds, environment = {} }: { readonly seconds: number; readonly environment?: NodeJS.ProcessEnv },
): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: repository,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, since npm and vitest start others.
      detached: true,
    });
    const texts = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => (texts.stdout += chunk));
    child.stderr.on('data', (chunk) => (texts.stderr += chunk));
    const timer = setTimeout(() => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has just ended by itself.
      }
    }, seconds * 1000);
    const end = (code: number | null): void => {
      clearTimeout(timer);
      resolve({ ...texts, ...(code !== null && { code }) });
    };
    child.on('error', ({ message }) => {
      texts.stderr += message;
      end(null);
    });
    child.on('close', end);
  });
}

/** The last lines that say something, for an error. */
export function lastLines(text: string, count = 5): string {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count)
    .join('\n');
}
