import { registeredOptimizers } from '@steepest/optimizer';
import picomatch from 'picomatch';

/**
 * Names of the optimizers that this process has imported, in alphabetical order.
 *
 * @param pattern A glob such as `*ada*`; all of them by default.
 */
export function listOptimizers(pattern = '*'): string[] {
  const matches = picomatch(pattern);
  return [...registeredOptimizers().keys()].filter((name) => matches(name)).sort();
}
