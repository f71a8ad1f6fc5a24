import { printable } from '@steepest/run-files';
import { distance } from 'fastest-levenshtein';

/** The known name that is closest to a mistyped one. */
export function nearest(name: string, known: readonly string[]): string {
  const edits = known.map((candidate) => distance(name.toLowerCase(), candidate.toLowerCase()));
  return known[edits.indexOf(Math.min(...edits))] ?? '';
}

/** Names as a message lists them; of very many the first ones. */
export function listOf(names: readonly string[], most = 40): string {
  const shown = names.slice(0, most).map(printable).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}
