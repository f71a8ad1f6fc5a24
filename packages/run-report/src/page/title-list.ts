/** A title as an item of a list in a sentence: one with a comma in it would be taken for two. */
export function listedTitle(title: string): string {
  return title.includes(',') ? `“${title}”` : title;
}

/** Titles one after the other in a sentence. */
export function titleList(titles: readonly string[]): string {
  return titles.map(listedTitle).join(', ');
}

/** A sentence lists no more titles than this: of more it gives half as many, and says how many there are. The tables have all. */
export const mostListed = 8;

/** Titles one after the other; of more than {@link mostListed} the first half as many. */
export function shortTitleList(titles: readonly string[]): string {
  if (titles.length <= mostListed) return titleList(titles);
  const shown = titles.slice(0, mostListed / 2);
  return `${titleList(shown)} and ${titles.length - shown.length} more`;
}
