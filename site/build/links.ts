import { posix } from 'node:path';
import type { Page } from './page.ts';
import { exists, isFolder, repositoryAddress } from './repository.ts';

/** A relative link that leads to nothing in the repository. */
export interface DeadLink {
  readonly source: string;
  readonly target: string;
}

/** Finds the page that a file of the repository became; a folder is its README. */
export type PageOf = (file: string) => string | undefined;

/** Looks pages up by the files that they were made of. */
export function pagesByFile(pages: readonly Page[]): PageOf {
  const paths = new Map(pages.filter(({ isEdited }) => isEdited).map(({ source, path }) => [source, path]));
  return (file) => paths.get(file) ?? paths.get(posix.join(file, 'README.md'));
}

/**
 * Leads the relative links of a page where its reader can follow them: to other pages of the site, else to the file in the
 * repository's web view. Images are shown from `/images`, where the caller puts them. Addresses, anchors of the same page and code stay
 * as they are.
 *
 * @param images Files of the repository that pages show; those of this page are added
 */
export function relinked(page: Page, pageOf: PageOf, dead: DeadLink[], images: Set<string>): string {
  return outsideCode(page.text, (text) =>
    text.replaceAll(
      /(!\[[^\]]*\]\(|\]\()([^()\s]+)(\))/g,
      (whole, open: string, target: string, close: string) => {
        if (/^([a-z]+:|#|\/)/.test(target)) return whole;
        const [path, anchor] = target.split('#') as [string, string | undefined];
        const file = posix.normalize(posix.join(posix.dirname(page.source), path)).replace(/\/$/, '');
        const hash = anchor === undefined ? '' : `#${anchor}`;
        const known = pageOf(file);
        if (known !== undefined) return `${open}/${known}${hash}${close}`;
        if (!exists(file)) dead.push({ source: page.source, target });
        if (open.startsWith('!')) {
          images.add(file);
          return `${open}/images/${file}${close}`;
        }
        const kind = isFolder(file) ? 'tree' : 'blob';
        return `${open}${repositoryAddress}/${kind}/main/${file}${hash}${close}`;
      },
    ),
  );
}

/** Changes Markdown outside of fences and of `code`. */
export function outsideCode(text: string, change: (text: string) => string): string {
  return text
    .split(/(^(?:`{3,}|~{3,})[\s\S]*?^(?:`{3,}|~{3,})\s*$|^ {4}.*$)/m)
    .map((part, index) => (index % 2 === 1 ? part : outsideSpans(part, change)))
    .join('');
}

/** Spans of code are put aside, so that a link around one still is a link. */
function outsideSpans(text: string, change: (text: string) => string): string {
  const spans: string[] = [];
  const without = text.replaceAll(
    /(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g,
    (span) => `\u0000${spans.push(span) - 1}\u0000`,
  );
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the mark of a span, which no text holds
  return change(without).replaceAll(/\u0000(\d+)\u0000/g, (_, index: string) => spans[Number(index)]!);
}
