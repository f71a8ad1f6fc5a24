/**
 * The name that a layer asked for, where tfjs may have appended a number because it was taken: `<layer>/<weight>_<n>`.
 * Only the variables of layers get such suffixes, and their names always have a layer before a slash.
 */
export function unsuffixed(name: string): string {
  return /^(.+\/[^/]+)_[1-9]\d*$/.exec(name)?.[1] ?? name;
}

/** Some names in quotes, the first few of many. */
export function listed(names: Iterable<string>): string {
  const all = [...names].map((name) => `"${name}"`);
  return all.length <= 5 ? all.join(', ') : `${all.slice(0, 4).join(', ')} and ${all.length - 4} more`;
}
