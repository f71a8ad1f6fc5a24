import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Application, type TypeDocOptions } from 'typedoc';
import type { PluginOptions } from 'typedoc-plugin-markdown';
import type { Page } from './page.ts';
import { exists, inRepository, packageFolders } from './repository.ts';

/**
 * A page for each package that is not an optimizer, from the doc comments of what it exports; optimizers have their options on pages
 * of their own.
 *
 * @throws Error if TypeDoc cannot read the sources
 */
export async function apiPages(): Promise<Page[]> {
  const folders = packageFolders()
    .filter((folder) => !folder.startsWith('packages/optim-'))
    .filter((folder) => exists(`${folder}/README.md`) && exists(`${folder}/src/index.ts`));
  const out = mkdtempSync(join(tmpdir(), 'steepest-api-'));
  try {
    await write(folders, out);
    return folders.map((folder) =>
      pageOf(folder, readFileSync(join(out, basename(folder), 'src.md'), 'utf8')),
    );
  } finally {
    rmSync(out, { recursive: true });
  }
}

async function write(folders: readonly string[], out: string): Promise<void> {
  const options: TypeDocOptions & Partial<PluginOptions> = {
    entryPoints: folders.map((folder) => inRepository(`${folder}/src/index.ts`)),
    tsconfig: inRepository('tsconfig.json'),
    plugin: ['typedoc-plugin-markdown'],
    // Without both, TypeDoc writes to docs, and empties it first.
    out,
    outputs: [{ name: 'markdown', path: out }],
    cleanOutputDir: false,
    outputFileStrategy: 'modules',
    // npm run typecheck finds what is wrong with types.
    skipErrorChecking: true,
    excludeInternal: true,
    excludePrivate: true,
    excludeExternals: true,
    disableSources: true,
    readme: 'none',
    hidePageHeader: true,
    hideBreadcrumbs: true,
    // Its numbers of equal headings are others than those of the site.
    useHTMLAnchors: true,
    anchorPrefix: 'api-',
    useCodeBlocks: true,
    parametersFormat: 'table',
    interfacePropertiesFormat: 'table',
    typeDeclarationFormat: 'table',
    logLevel: 'Error',
  };
  const application = await Application.bootstrapWithPlugins(options);
  const project = await application.convert();
  if (project === undefined) throw new Error('TypeDoc could not read the sources of the packages');
  await application.generateOutputs(project);
}

function pageOf(folder: string, text: string): Page {
  const name = basename(folder);
  return {
    path: `api/${name}`,
    title: name,
    source: `${folder}/src/index.ts`,
    isEdited: false,
    text: text
      .replace(/^# .*\n/, `# @steepest/${name}\n\nWhat [\`@steepest/${name}\`](../README.md) exports.\n`)
      .replaceAll(/\]\((?:\.\.\/)+([\w-]+)\/src\.md/g, '](/api/$1'),
    frontmatter: { outline: [2, 3] },
  };
}
