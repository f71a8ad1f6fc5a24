import { fileURLToPath } from 'node:url';
import { experimentsIn } from '@steepest/experiments';

/** Whether this package runs from its sources, in its repository. */
export const isSource: boolean = import.meta.url.endsWith('.ts');

const folder = isSource ? '../../../benchmarks/lm-comparison/experiments/' : './experiments/';

/** Names of the bundled experiments, and their files. */
export function bundledExperiments(): Promise<Map<string, string>> {
  return experimentsIn(fileURLToPath(new URL(folder, import.meta.url)));
}
