import { printable, printableLines } from '@steepest/run-files';

/** One thing wrong in an experiment file; line and column count from 1. */
export interface ExperimentProblem {
  readonly line?: number;
  readonly column?: number;
  /** Dotted path of the key, such as `optimizers.adam.learningRate`; empty for the whole file. */
  readonly key: string;
  readonly message: string;
}

/** An experiment file that cannot be run: every problem with its file, line, column and key. */
export class ExperimentError extends Error {
  override readonly name = 'ExperimentError';

  constructor(
    readonly file: string,
    readonly problems: readonly ExperimentProblem[],
  ) {
    super(problems.map((problem) => formatProblem(file, problem)).join('\n'));
  }
}

function formatProblem(file: string, { line, column, key, message }: ExperimentProblem): string {
  const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
  // Keys and values of the file may hold commands to a terminal.
  const text = printableLines(message);
  return key === '' ? `${place}: ${text}` : `${place}: ${printable(key)}: ${text}`;
}
