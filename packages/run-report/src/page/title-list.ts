/** A title as an item of a list in a sentence: one with a comma in it would be taken for two. */
export function listedTitle(title: string): string {
  return title.includes(',') ? `“${title}”` : title;
}

/** Titles one after the other in a sentence. */
export function titleList(titles: readonly string[]): string {
  return titles.map(listedTitle).join(', ');
}
