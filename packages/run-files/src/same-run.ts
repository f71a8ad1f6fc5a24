import { firstDifference } from './json-difference.ts';
import { RunError } from './run-error.ts';

/**
 * Compares the settings of a run with those that are stored.
 *
 * @param where the stored settings are, such as the path of a file
 * @param container what the run is stored in, for the remedy
 * @throws RunError naming the first key that differs
 */
export function requireSame(
  where: string,
  present: unknown,
  wanted: unknown,
  container: 'folder' | 'store' = 'folder',
): void {
  const difference = firstDifference(present, wanted);
  if (!difference) return;
  const { path, left, right } = difference;
  const show = (value: unknown) => (value === undefined ? 'missing' : JSON.stringify(value));
  throw new RunError(
    `${where} holds another run: ${path || 'its content'} is ${show(left)} there and ${show(right)} in this run; ` +
      `use another ${container}, or remove this one to start over`,
  );
}
