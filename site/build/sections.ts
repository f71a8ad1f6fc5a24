import { optimizerPackages } from '../../tools/docs/optimizer-packages.ts';
import { apiPages } from './api.ts';
import { changelogPage } from './changelog.ts';
import { optimizerPages } from './optimizer-pages.ts';
import { type Page, type Section, titleOf } from './page.ts';
import { entriesOf, exists, packageFolders, read, repositoryRoot } from './repository.ts';
import type { OptimizerResult } from './results.ts';

/** The guides in the order in which a reader needs them, by their file in `docs` without ending. */
const guides: Readonly<Record<string, readonly string[]>> = {
  Start: ['getting-started', 'optimizers', 'options', 'migration', 'compatibility'],
  'Data and training': ['data', 'training', 'browsers'],
  Experiments: ['experiments', 'experiment-reference', 'comparisons', 'laws', 'scaling-up'],
};

/** All pages but the front page, by their place in the sidebar. */
export async function sections(results: ReadonlyMap<string, OptimizerResult>): Promise<Section[]> {
  const packages = await optimizerPackages(repositoryRoot);
  const guideSections = Object.entries(guides).map(([title, names]) => ({
    title,
    pages: names.map((name) => pageOf(`docs/${name}.md`, `guide/${name}`)),
  }));
  // A package without a README is another check's business.
  const others = packageFolders().filter(
    (folder) => !folder.startsWith('packages/optim-') && exists(`${folder}/README.md`),
  );
  return [
    ...guideSections,
    { title: 'Optimizers', area: '/optimizers/', pages: optimizerPages(packages, results) },
    {
      title: 'Packages',
      area: '/packages/',
      pages: others.map((folder) => pageOf(`${folder}/README.md`, folder, folder.replace('packages/', ''))),
    },
    { title: 'API', area: '/api/', pages: await apiPages() },
    {
      title: 'Measurements',
      area: '/benchmarks/',
      pages: [
        pageOf('benchmarks/README.md', 'benchmarks/index'),
        ...entriesOf('benchmarks')
          .filter((name) => exists(`benchmarks/${name}/README.md`))
          .map((name) => pageOf(`benchmarks/${name}/README.md`, `benchmarks/${name}`, name)),
        pageOf('benchmarks/lm-comparison/results/README.md', 'benchmarks/study', 'Results'),
      ],
    },
    {
      title: 'Project',
      pages: [
        pageOf('examples/README.md', 'examples'),
        pageOf('CONTRIBUTING.md', 'contributing', 'Contribute'),
        changelogPage(),
      ],
    },
  ];
}

/** A page that is a file of the repository. */
function pageOf(source: string, path: string, title?: string): Page {
  const text = read(source);
  return { path, title: title ?? titleOf({ source, text }), source, isEdited: true, text };
}
