import { availableParallelism, cpus } from 'node:os';
import { lastLines, runProgram } from './program.ts';

/** Where the check runs. */
export type Device = 'gpu' | 'cpu';

/** The devices of this machine, one line each: NVIDIA's GPUs by `nvidia-smi`, or the processor. */
export async function listDevices(device: Device): Promise<string[]> {
  if (device === 'cpu') {
    return [`${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores for this process`];
  }
  const query = '--query-gpu=name,memory.total,compute_cap,driver_version';
  const { code, stdout, stderr } = await runProgram('nvidia-smi', [query, '--format=csv,noheader'], {
    seconds: 30,
  });
  if (code !== 0) return [`nvidia-smi lists nothing: ${lastLines(stderr || stdout, 1) || 'it does not run'}`];
  return stdout.split('\n').filter((line) => line.trim() !== '');
}
