/** Adds a value to a list that keeps only its last `limit` ones. */
export function pushRecent(list: number[], value: number, limit: number): void {
  list.push(value);
  if (list.length > limit) list.shift();
}
