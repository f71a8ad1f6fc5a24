import { runLawsCli } from '../../src/cli.ts';

/** What a command line printed, and how it ended. */
export interface Ended {
  readonly exitCode: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs a command line in this process. */
export async function run(...args: string[]): Promise<Ended> {
  let [written, errors] = ['', ''];
  const output = {
    out: (text: string) => {
      written += text;
    },
    error: (text: string) => {
      errors += text;
    },
  };
  const exitCode = await runLawsCli(args, { output });
  return { exitCode, output: written, errors };
}
