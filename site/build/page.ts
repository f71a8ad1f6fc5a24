/** A page of the site: Markdown and where it belongs. */
export interface Page {
  /** Address below the root of the site, without an ending: `optimizers/lion`. */
  readonly path: string;
  /** Its name in the sidebar. */
  readonly title: string;
  /** The file of the repository that its relative links start from. */
  readonly source: string;
  /** Whether an edit of `source` changes the page: a link to it is shown. */
  readonly isEdited: boolean;
  readonly text: string;
  readonly frontmatter?: Readonly<Record<string, unknown>>;
}

/** A part of the sidebar. */
export interface Section {
  readonly title: string;
  readonly pages: readonly Page[];
  readonly isCollapsed?: boolean;
}

/** The text of the first heading of a page. */
export function titleOf({ source, text }: Pick<Page, 'source' | 'text'>): string {
  const title = /^# (.+)$/m.exec(text)?.[1];
  if (title === undefined) throw new Error(`${source} needs a line "# title"`);
  return title.replaceAll('`', '');
}
