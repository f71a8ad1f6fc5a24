import { distance } from 'fastest-levenshtein';

/** Backends in the order in which `auto` tries them. */
export const backendNames = ['node-gpu', 'node', 'webgpu', 'wasm', 'cpu'] as const;

/** A backend as `prepareBackend` names it. */
export type BackendName = (typeof backendNames)[number];

/** The known name that a misspelt one is nearest to, by edit distance. */
export function nearestName(misspelt: string, known: readonly string[]): string {
  const distances = known.map((name) => distance(misspelt.toLowerCase(), name.toLowerCase()));
  return known[distances.indexOf(Math.min(...distances))]!;
}
