/** A place where two JSON values differ; `undefined` stands for a key that is missing. */
export interface Difference {
  /** For instance `optimizer.learningRate` or `seeds[1]`. */
  readonly path: string;
  readonly left: unknown;
  readonly right: unknown;
}

/** The value as it reads back from a JSON file: without undefined entries, functions and the like. */
export function jsonForm(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** The first place where two JSON values differ, or `undefined`; the order of keys does not matter. */
export function firstDifference(left: unknown, right: unknown, path = ''): Difference | undefined {
  if (Object.is(left, right)) return undefined;
  if (!isContainer(left) || !isContainer(right) || Array.isArray(left) !== Array.isArray(right)) {
    return { path, left, right };
  }
  const isArray = Array.isArray(left);
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const inner = isArray ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
    const difference = firstDifference(left[key], right[key], inner);
    if (difference) return difference;
  }
  return undefined;
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
