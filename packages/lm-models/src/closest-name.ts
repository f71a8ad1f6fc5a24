import { distance } from 'fastest-levenshtein';

/** `", did you mean "x"?"` for the known name nearest to a mistyped one, or nothing when none is near. */
export function closest(name: string, known: readonly string[]): string {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const edits = distance(name.toLowerCase(), candidate.toLowerCase());
    if (edits < bestDistance) {
      best = candidate;
      bestDistance = edits;
    }
  }
  return best === undefined ? `; known: ${known.join(', ')}` : `, did you mean "${best}"?`;
}
