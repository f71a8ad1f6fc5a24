import { fileURLToPath } from 'node:url';
import type { Device } from './devices.ts';
import { lastLines, runProgram, sourceFlags } from './program.ts';

/** What an update or a copy takes and moves. */
export interface Transfer {
  readonly name: string;
  readonly milliseconds: number;
  /** Bytes that it must read and write at the least in that time, in 10^9 bytes per second. */
  readonly gigabytesPerSecond: number;
}

/** A device's copy, and updates on it. */
export interface Bandwidth {
  /** What the backend is. */
  readonly reason: string;
  readonly copy: Transfer;
  readonly updates: readonly Transfer[];
}

/** Measures in a process of its own, whose end frees the memory of the device. */
export async function bandwidthOf(
  device: Device,
  elements: number,
  seconds: number,
): Promise<Bandwidth | { readonly problem: string }> {
  const program = fileURLToPath(new URL('./bandwidth-process.ts', import.meta.url));
  const end = await runProgram(process.execPath, [...sourceFlags, program, device, String(elements)], {
    seconds,
  });
  if (end.code === undefined) return { problem: `cut off after ${Math.round(seconds)} s` };
  // TensorFlow may print lines of its own before.
  const line = end.stdout.split('\n').findLast((text) => text.startsWith('{'));
  if (line === undefined) return { problem: `its process ended with ${end.code}: ${lastLines(end.stderr)}` };
  return JSON.parse(line) as Bandwidth | { problem: string };
}
