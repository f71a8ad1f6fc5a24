/**
 * Checks the names of saved numbers of groups.
 *
 * @param names Those that each group of the optimizer keeps.
 * @throws Error if they are not the saved ones.
 */
export function checkNumberNames(
  label: string,
  names: readonly (readonly string[])[],
  saved: readonly Readonly<Record<string, number>>[] = [],
): void {
  const listedNames = (list: readonly string[]): string => [...list].sort().join(', ');
  const kept = names.map(listedNames);
  const given = saved.map((values) => listedNames(Object.keys(values)));
  if (given.length <= kept.length && kept.every((list, index) => list === (given[index] ?? ''))) return;
  const count = (groups: number): string => `${groups} parameter ${groups === 1 ? 'group' : 'groups'}`;
  if (given.length > 0 && kept.some((list) => list !== '') && given.length !== kept.length) {
    throw new Error(
      `saved state of ${label} has numbers for ${count(given.length)}, counting the one without a match, but this ` +
        `optimizer has ${count(kept.length)}: load it with as many groups as it was saved with`,
    );
  }
  const shown = (lists: readonly string[]): string => lists.map((list) => `{${list}}`).join(' ');
  throw new Error(
    `saved state of ${label} has the group numbers ${shown(given) || 'of no group'}, ` +
      `but ${kept.every((list) => list === '') ? 'none' : shown(kept)} are kept`,
  );
}
