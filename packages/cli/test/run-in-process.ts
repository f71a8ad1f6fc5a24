import { vi } from 'vitest';
import { main } from '../src/command-line.ts';

/** What a command line printed, and how it ended. */
export interface Ended {
  readonly exitCode: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs a command line in this process, where it costs no start of a process. */
export async function runInProcess(...args: string[]): Promise<Ended> {
  const written = { output: '', errors: '' };
  const to = (stream: keyof typeof written, end: string) => (text: unknown) => {
    written[stream] += `${text}${end}`;
    return true;
  };
  const spies = [
    vi.spyOn(console, 'log').mockImplementation(to('output', '\n')),
    vi.spyOn(console, 'error').mockImplementation(to('errors', '\n')),
    vi.spyOn(process.stdout, 'write').mockImplementation(to('output', '')),
    vi.spyOn(process.stderr, 'write').mockImplementation(to('errors', '')),
  ];
  try {
    return { exitCode: await main(args), ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
