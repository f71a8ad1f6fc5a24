import { distance } from 'fastest-levenshtein';

/**
 * The known name that a mistyped one most likely meant, whatever the case of either; the first of several as near.
 *
 * @param mostEdits letters to put in, take out or exchange at most
 * @returns undefined where no known name is near enough
 */
export function nearestName(
  name: string,
  known: readonly string[],
  mostEdits = Number.POSITIVE_INFINITY,
): string | undefined {
  let nearest: string | undefined;
  let fewest = mostEdits;
  for (const candidate of known) {
    const edits = distance(name.toLowerCase(), candidate.toLowerCase());
    if (edits < fewest || (edits === fewest && nearest === undefined)) [nearest, fewest] = [candidate, edits];
  }
  return nearest;
}
