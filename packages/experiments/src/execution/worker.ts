import { type ChildProcess, fork } from 'node:child_process';
import { programFile } from '../package-files.ts';
import type { CoordinatorMessage, WorkerMessage } from '../training/messages.ts';

/** A process that does one piece of work and reports by messages. */
export interface Worker {
  /** Asks for a checkpoint and an orderly end. */
  stop(): void;
  /** Ends the process at once. */
  kill(): void;
  /** Lets a trial work on another number of threads from its next step on. */
  setThreads(threads: number): void;
  /** True once it was asked to stop or killed. */
  readonly stopped: boolean;
  /** Settles when the process is gone: how it ended and the last lines it wrote to its error stream. */
  readonly ended: Promise<WorkerEnd>;
}

export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly errorOutput: string;
}

/** Starts a worker process on a program of this package with JSON arguments. */
export function startWorker(
  program: Parameters<typeof programFile>[0],
  argument: object,
  onMessage: (message: WorkerMessage) => void,
): Worker {
  const { file, execArgv } = programFile(program);
  const child = fork(file, [JSON.stringify(argument)], {
    execArgv,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  child.on('message', (message) => onMessage(message as WorkerMessage));
  const ended = waitFor(child);
  let stopped = false;
  return {
    stop: () => {
      stopped = true;
      if (child.exitCode === null) child.kill('SIGTERM');
    },
    kill: () => {
      stopped = true;
      if (child.exitCode === null) child.kill('SIGKILL');
    },
    setThreads: (threads) => {
      // A process that is ending may be gone before it reads this, and needs no threads then.
      if (child.connected) child.send({ type: 'threads', threads } satisfies CoordinatorMessage, () => {});
    },
    get stopped() {
      return stopped;
    },
    ended,
  };
}

function waitFor(child: ChildProcess): Promise<WorkerEnd> {
  let errorOutput = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errorOutput = (errorOutput + text).slice(-4_000);
  });
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: null, signal: null, errorOutput: error.message }));
    child.on('close', (code, signal) => resolve({ code, signal, errorOutput: errorOutput.trim() }));
  });
}
