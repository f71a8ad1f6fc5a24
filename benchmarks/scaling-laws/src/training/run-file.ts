import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Training that did not come to an end for another reason than time or the person. */
export class RunError extends Error {
  override readonly name = 'RunError';
}

/** Options of {@link runFile}. */
export interface RunFileOptions {
  /** Where the run files go. */
  readonly out: string;
  /** Trials side by side; one a core by default. */
  readonly parallel?: number;
  /** When to stop with checkpoints, in milliseconds as `performance.now()` counts them. */
  readonly deadline?: number;
}

/** How long an experiment may take, and how much of the machine. */
export interface TrainingLimits {
  /** Time after which training stops with checkpoints; the same call resumes. */
  readonly hours?: number;
  /** Trials side by side; one a core by default. */
  readonly parallel?: number;
}

/** The limits of all trainings of an experiment that begins now. */
export function trainingLimits({
  hours = Number.POSITIVE_INFINITY,
  parallel,
}: TrainingLimits): Pick<RunFileOptions, 'deadline' | 'parallel'> {
  const deadline = performance.now() + hours * 3_600_000;
  return { deadline, ...(parallel === undefined ? {} : { parallel }) };
}

/** Trains an experiment: {@link runFile}, or what a test has in its place. */
export type TrainFile = (file: string, options: RunFileOptions) => Promise<'ended' | 'interrupted'>;

/** Exit code of `steepest` for a run that stopped with checkpoints. */
const stopped = 130;
/** The longest that a timer can wait, in milliseconds. */
const longestTimer = 2 ** 31 - 1;

/**
 * Trains the trials of an experiment that are not over yet, in a process of its own. Ctrl-C and the deadline
 * stop it with checkpoints, from which the same call resumes.
 *
 * @param file an experiment file
 * @throws RunError when a trial or the whole run fails; its reason has been printed
 */
export async function runFile(
  file: string,
  { out, parallel, deadline = Number.POSITIVE_INFINITY }: RunFileOptions,
): Promise<'ended' | 'interrupted'> {
  const left = deadline - performance.now();
  if (left <= 0) return 'interrupted';
  const program = fileURLToPath(new URL('src/main.ts', import.meta.resolve('@steepest/cli/package.json')));
  const flags = parallel === undefined ? [] : ['--parallel', String(parallel)];
  const child = spawn(
    process.execPath,
    [
      ...['--conditions=@steepest/source', '--import', import.meta.resolve('tsx')],
      ...[program, 'run', file, '--out', out, ...flags],
    ],
    // In a process group of its own: a terminal would send Ctrl-C to both, and a second one ends at once.
    { stdio: 'inherit', detached: true },
  );
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  const timer = left < longestTimer ? setTimeout(() => forward('SIGINT'), left) : undefined;
  process.on('SIGINT', forward);
  process.on('SIGTERM', forward);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    if (code === 0) return 'ended';
    if (code === stopped || code === null) return 'interrupted';
    throw new RunError(`${file}: the run ended with exit code ${code}; its runs are in ${out}`);
  } finally {
    clearTimeout(timer);
    process.off('SIGINT', forward);
    process.off('SIGTERM', forward);
  }
}
