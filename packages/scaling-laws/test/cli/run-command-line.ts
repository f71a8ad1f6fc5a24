import { vi } from 'vitest';
import { main } from '../../src/cli/command-line.ts';

/** What a command line printed, and how it ended. */
export interface Ended {
  readonly exitCode: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs a command line in this process. */
export async function run(...args: string[]): Promise<Ended> {
  let [output, errors] = ['', ''];
  const spies = [
    vi.spyOn(console, 'log').mockImplementation((text: unknown) => {
      output += `${text}\n`;
    }),
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      output += text;
      return true;
    }),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      errors += text;
      return true;
    }),
  ];
  try {
    const exitCode = await main(args);
    return { exitCode, output, errors };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
