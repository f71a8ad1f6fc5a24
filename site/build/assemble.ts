import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { registeredOptimizers } from '@steepest/optimizer';
import { homePage } from './home.ts';
import { type DeadLink, pagesByFile, relinked } from './links.ts';
import type { Page, Section } from './page.ts';
import { exists, inRepository, repositoryAddress } from './repository.ts';
import { optimizerResults, overviewFigure } from './results.ts';
import { sections } from './sections.ts';

/** Where VitePress finds what is written here; nothing in it is committed. */
export const pagesFolder = fileURLToPath(new URL('../pages/', import.meta.url));

/** The JSON Schema of experiments, served for editors. */
const schema = 'packages/experiments/experiment.schema.json';

/** The static build of the example for browsers, which the site shows live. */
const demo = 'examples/browser/dist';

/**
 * Writes all pages of the site, their figures and the sidebar.
 *
 * @returns how many pages there are
 * @throws Error naming every relative link that leads nowhere
 */
export async function assemble(): Promise<number> {
  rmSync(pagesFolder, { recursive: true, force: true });
  const files = join(pagesFolder, 'public');
  cpSync(inRepository('site/files'), files, { recursive: true });
  cpSync(inRepository(schema), join(files, basename(schema)));
  if (exists(demo)) cpSync(inRepository(demo), join(files, 'demo'), { recursive: true });

  const parts = await sections(await optimizerResults(files));
  const overview = await overviewFigure(files, new Set(registeredOptimizers().keys()));
  const home = homePage({ overview, hasDemo: exists(demo) });
  const pages = [home, ...parts.flatMap((part) => part.pages)];
  const pageOf = pagesByFile(pages);
  const dead: DeadLink[] = [];
  const images = new Set<string>();
  for (const page of pages) write(page, relinked(page, pageOf, dead, images));
  if (dead.length > 0) {
    throw new Error(dead.map(({ source, target }) => `${source}: no such file: ${target}`).join('\n'));
  }
  for (const image of images) cpSync(inRepository(image), join(files, 'images', image));
  writeFileSync(join(pagesFolder, 'sidebars.json'), JSON.stringify(sidebars(parts)));
  return pages.length;
}

function write({ path, source, isEdited, frontmatter = {} }: Page, text: string): void {
  const editLink = isEdited ? `${repositoryAddress}/edit/main/${source}` : false;
  const front = { ...frontmatter, editLink: isEdited, source: editLink };
  const file = join(pagesFolder, `${path}.md`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `---\n${JSON.stringify(front)}\n---\n\n${text}\n`);
}

/** The sidebars as VitePress has them: one for each area, and one for all other pages. */
function sidebars(parts: readonly Section[]): Record<string, object[]> {
  const found: Record<string, object[]> = {};
  for (const { title, area = '/', pages } of parts) {
    const items = pages.map((page) => ({
      text: page.title,
      link: `/${page.path.replace(/(^|\/)index$/, '$1')}`,
    }));
    found[area] = [...(found[area] ?? []), { text: title, items }];
  }
  return found;
}
