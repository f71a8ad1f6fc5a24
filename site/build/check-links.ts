import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parse } from 'parse5';

/** What a page of the built site holds that links concern. */
interface BuiltPage {
  readonly ids: ReadonlySet<string>;
  /** Addresses of links and images. */
  readonly targets: readonly string[];
}

/** A node of parse5, as far as it is looked at. */
interface Node {
  readonly attrs?: readonly { readonly name: string; readonly value: string }[];
  readonly childNodes?: readonly Node[];
  readonly content?: Node;
}

/**
 * The links of a built site that lead nowhere: to pages or files that are not there, or to anchors that their page does not have.
 * Addresses of other hosts are not followed.
 *
 * @param folder The built site
 * @param base Where it will be served, such as `/steepest/`
 * @returns a line for each, with its page
 */
export function deadLinks(folder: string, base: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.html') && !file.startsWith('demo'))
    .sort();
  const pages = new Map(files.map((file) => [file, builtPage(readFileSync(join(folder, file), 'utf8'))]));
  const problems: string[] = [];
  for (const [file, { targets }] of pages) {
    for (const target of targets) {
      const problem = problemOf(target, file, pages, folder, base);
      if (problem !== undefined) problems.push(`${file}: ${target} ${problem}`);
    }
  }
  return problems;
}

function problemOf(
  target: string,
  from: string,
  pages: ReadonlyMap<string, BuiltPage>,
  folder: string,
  base: string,
): string | undefined {
  if (/^([a-z]+:|\/\/)/.test(target)) return undefined;
  const [path, anchor] = target.split('#') as [string, string | undefined];
  const address = posix.normalize(
    path === '' ? `${base}${from}` : new URL(path, `http://site${base}${from}`).pathname,
  );
  if (!`${address}/`.startsWith(base)) return `is outside of ${base}`;
  const file = decodeURIComponent(address.slice(base.length)).replace(/\/$/, '');
  const page = [file, `${file}.html`, posix.join(file, 'index.html')].find((name) => pages.has(name));
  if (page === undefined) {
    return file !== '' && existsSync(join(folder, file)) ? undefined : 'leads to no page';
  }
  if (anchor === undefined || anchor === '') return undefined;
  return pages.get(page)!.ids.has(decodeURIComponent(anchor)) ? undefined : `is not on ${page}`;
}

function builtPage(html: string): BuiltPage {
  const ids = new Set<string>();
  const targets: string[] = [];
  const visit = (node: Node): void => {
    for (const { name, value } of node.attrs ?? []) {
      if (name === 'id') ids.add(value);
      if (name === 'href' || name === 'src') targets.push(value);
    }
    for (const child of node.childNodes ?? []) visit(child);
    if (node.content !== undefined) visit(node.content);
  };
  visit(parse(html) as Node);
  return { ids, targets };
}
