import { distance } from 'fastest-levenshtein';

/** Every backend, from the fastest to the slowest; `webgl` in browsers alone, and the first two in Node alone. */
export const backendNames = ['node-gpu', 'node', 'webgpu', 'wasm', 'webgl', 'cpu'] as const;

/** A backend as `prepareBackend` names it. */
export type BackendName = (typeof backendNames)[number];

/** The known name that a misspelt one is nearest to, by edit distance. */
export function nearestName(misspelt: string, known: readonly string[]): string {
  const distances = known.map((name) => distance(misspelt.toLowerCase(), name.toLowerCase()));
  return known[distances.indexOf(Math.min(...distances))]!;
}
