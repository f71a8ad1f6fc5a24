import { fileURLToPath } from 'node:url';
import { experimentsIn } from '@steepest/experiments';

const folder = fileURLToPath(new URL('../experiments/', import.meta.url));

/** Names of the experiments that come with the benchmark, and their files. */
export function bundledExperiments(): Promise<Map<string, string>> {
  return experimentsIn(folder);
}
