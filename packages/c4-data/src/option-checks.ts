import { nearestName, printableStart } from '@steepest/run-files';

/** @throws TypeError if the value is no object or has a key that is not among those known */
export function checkKeys(
  value: unknown,
  known: readonly string[],
  name: string,
): asserts value is Record<string, unknown> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new TypeError(`${name} must be an object, got ${describe(value)}`);
  }
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) {
      throw new TypeError(`${name} has no option "${key}": did you mean "${nearestName(key, known)}"?`);
    }
  }
}

const longestValue = 80;

/** A value as messages show it: on one line, cut where it is long. */
export function describe(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  const type = Array.isArray(value) ? 'array' : typeof value;
  return `${printableStart(written(value), longestValue)} (${type})`;
}

/** JSON as far as it has words for a value. */
function written(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'symbol')
    return String(value);
  if (typeof value === 'function') return value.name || 'anonymous';
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** @throws TypeError if the value is not an integer of at least `least` */
export function checkInteger(value: unknown, name: string, least: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < least) {
    throw new TypeError(`${name} must be an integer of ${least} or more, got ${describe(value)}`);
  }
}

/** @throws TypeError if the value is neither a path nor a list of paths */
export function checkPaths(value: unknown, name: string): void {
  const paths = typeof value === 'string' ? [value] : value;
  if (
    !Array.isArray(paths) ||
    paths.length === 0 ||
    !paths.every((path) => typeof path === 'string' && path)
  ) {
    throw new TypeError(`${name} must be a path or a list of paths, got ${describe(value)}`);
  }
}
