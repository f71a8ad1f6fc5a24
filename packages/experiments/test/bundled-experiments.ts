import { fileURLToPath } from 'node:url';
import { experimentsIn } from '../src/index.ts';

/** The experiments of the comparison of this repository. */
export function bundledExperiments(): Promise<Map<string, string>> {
  return experimentsIn(
    fileURLToPath(new URL('../../../benchmarks/lm-comparison/experiments/', import.meta.url)),
  );
}
