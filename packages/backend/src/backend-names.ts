/** Backends in the order in which `auto` tries them. */
export const backendNames = ['node-gpu', 'node', 'webgpu', 'wasm', 'cpu'] as const;

/** A backend as `prepareBackend` names it. */
export type BackendName = (typeof backendNames)[number];

/** The known name that a misspelt one is nearest to, by edit distance. */
export function nearestName(misspelt: string, known: readonly string[]): string {
  const distances = known.map((name) => editDistance(misspelt.toLowerCase(), name.toLowerCase()));
  return known[distances.indexOf(Math.min(...distances))]!;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, previous[j]! + 1, row[j - 1]! + 1));
    }
    previous = row;
  }
  return previous[b.length]!;
}
