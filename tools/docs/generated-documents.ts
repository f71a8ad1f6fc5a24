import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { experimentJsonSchema } from '@steepest/experiments';
import { recordOf } from '@steepest/optimizer';
import { limitsTable } from '../bundle-sizes/size-report.ts';
import { scoresTable } from '../mutation/published-scores.ts';
import { compatibilityTable } from './compatibility.ts';
import { experimentReference } from './experiment-reference.ts';
import { markers, replaceSection } from './marked-section.ts';
import { lossColumnNote, optimizerChoice } from './optimizer-choice.ts';
import { type OptimizerPackage, optimizerPackages } from './optimizer-packages.ts';
import { optimizerTable } from './optimizer-table.ts';
import { equivalentsTable, needlessTable } from './option-equivalents.ts';
import { optionTables } from './option-tables.ts';
import { optionTypes, optionTypesFile } from './option-types.ts';
import { everyImport, pageWithAddresses, pageWithImportMap } from './pages-without-bundler.ts';
import { publishedStandings } from './published-standings.ts';
import { recommendedOverview, recommendedTable } from './recommended-settings.ts';
import { withStateBytes } from './state-bytes.ts';
import { type ComparedOptimizers, comparedOptimizers, costTable } from './step-costs.ts';

/** A file of the repository with parts that are written from records. */
export interface GeneratedDocument {
  /** Path from the root of the repository. */
  readonly file: string;
  readonly committed: string;
  /** What the records say it should be. */
  readonly generated: string;
}

/**
 * Every generated document of a repository: its README, those of the optimizer packages, the page to choose by, the page for
 * contributors, and the optimizers that come with the command line.
 *
 * @throws Error if a package cannot be imported or a file has no place for what is generated.
 */
export async function generatedDocuments(repository: string): Promise<GeneratedDocument[]> {
  const packages = await optimizerPackages(repository);
  const compared = comparedOptimizers(repository);
  const measured = await publishedStandings(repository);
  const document = (file: string, sections: Readonly<Record<string, string>>): GeneratedDocument[] => {
    // A package without a README is another check's business.
    if (!existsSync(join(repository, file))) return [];
    const committed = readFileSync(join(repository, file), 'utf8');
    const generated = Object.entries(sections).reduce(
      (text, [name, content]) => replaceSection(file, withMarkers(text, name), name, content),
      committed,
    );
    return [{ file, committed, generated }];
  };
  const types = (found: OptimizerPackage): GeneratedDocument[] => {
    // A package may declare its options by hand.
    const index = readFileSync(join(repository, found.folder, 'src/index.ts'), 'utf8');
    if (!index.includes("'./options.ts'")) return [];
    const file = `${found.folder}/${optionTypesFile}`;
    const committed = existsSync(join(repository, file)) ? readFileSync(join(repository, file), 'utf8') : '';
    return [{ file, committed, generated: optionTypes(found, repository) }];
  };
  return [
    ...packages.flatMap(types),
    ...cliManifest(repository, packages),
    ...experimentSchemaFile(repository),
    ...document('README.md', { optimizers: optimizerTable(packages) }),
    ...document('docs/optimizers.md', {
      choice: [lossColumnNote(measured), optimizerChoice(packages, measured)].join('\n\n').trim(),
      recommended: recommendedOverview(packages),
    }),
    ...document('docs/migration.md', { equivalents: equivalentsTable(), needless: needlessTable() }),
    ...(existsSync(join(repository, 'docs/compatibility.md'))
      ? document('docs/compatibility.md', { compatibility: await compatibilityTable(packages) })
      : []),
    ...(existsSync(join(repository, 'docs/browsers.md'))
      ? [
          ...document('docs/browsers.md', {
            sizes: limitsTable(),
            'page with addresses': pageWithAddresses(repository),
            'import map': await everyImport(
              packages.map(({ name }) => name),
              repository,
            ),
          }),
          ...document('docs/getting-started.md', {
            'page with import map': await pageWithImportMap(repository),
          }),
        ]
      : []),
    ...document('docs/experiment-reference.md', { reference: experimentReference() }),
    ...document('CONTRIBUTING.md', { 'mutation scores': scoresTable(repository) }),
    ...packages.flatMap((found) =>
      document(`${found.folder}/README.md`, readmeSections(found, compared)).map((options) => {
        const { stateBytesPerParameter } = recordOf(found.optimizers[0]!.optimizer.rule);
        return {
          ...options,
          generated: withStateBytes(options.file, options.generated, stateBytesPerParameter),
        };
      }),
    ),
  ];
}

/** What is written into the README of a package, by section; settings only where any are recommended. */
function readmeSections(found: OptimizerPackage, compared: ComparedOptimizers): Record<string, string> {
  const recommended = recommendedTable(found);
  return {
    ...(recommended === undefined ? {} : { recommended }),
    options: optionTables(found),
    cost: costTable(found, compared),
  };
}

/** The command line brings along every optimizer package, and nobody who adds one has to know. */
function cliManifest(repository: string, packages: readonly OptimizerPackage[]): GeneratedDocument[] {
  const file = 'packages/cli/package.json';
  if (!existsSync(join(repository, file))) return [];
  const committed = readFileSync(join(repository, file), 'utf8');
  const manifest = JSON.parse(committed) as { dependencies: Record<string, string> };
  const others = Object.entries(manifest.dependencies).filter(
    ([name]) => !name.startsWith('@steepest/optim-'),
  );
  const optimizers = packages.map(({ name, folder }) => {
    const own = JSON.parse(readFileSync(join(repository, folder, 'package.json'), 'utf8')) as {
      version: string;
    };
    return [name, `^${own.version}`] as const;
  });
  const dependencies = Object.fromEntries([...others, ...optimizers].sort(([a], [b]) => (a < b ? -1 : 1)));
  return [{ file, committed, generated: `${JSON.stringify({ ...manifest, dependencies }, null, 2)}\n` }];
}

/** The JSON Schema of experiment files, for editors, with the optimizers of the repository. */
function experimentSchemaFile(repository: string): GeneratedDocument[] {
  if (!existsSync(join(repository, 'packages/experiments'))) return [];
  const file = 'packages/experiments/experiment.schema.json';
  const path = join(repository, file);
  const { definitions, ...rest } = experimentJsonSchema();
  // A definition a line, so that changes can be read.
  const lines = Object.entries(definitions as object).map(
    ([name, schema]) => `${JSON.stringify(name)}: ${JSON.stringify(schema)}`,
  );
  const head = JSON.stringify(rest, null, 2).replace(/\n\}$/, '');
  const generated = `${head},\n  "definitions": {\n${lines.join(',\n')}\n  }\n}\n`;
  return [{ file, committed: existsSync(path) ? readFileSync(path, 'utf8') : '', generated }];
}

/** Writes every generated document that is not what it should be, and returns their paths. */
export async function writeDocuments(repository: string): Promise<string[]> {
  const outdated = (await generatedDocuments(repository)).filter(isOutdated);
  for (const { file, generated } of outdated) writeFileSync(join(repository, file), generated);
  return outdated.map(({ file }) => file);
}

export const isOutdated = ({ committed, generated }: GeneratedDocument): boolean => committed !== generated;

/**
 * Finds a place for a section that a README does not have yet: that of an option table written by hand, with its heading, and
 * for recommended settings and what a step costs the end of when to use the optimizer.
 */
function withMarkers(text: string, name: string): string {
  const { start, end } = markers(name);
  if (text.includes(start)) return text;
  if (name === 'recommended' || name === 'cost') {
    return text.replace('\n## Install\n', `\n${start}\n${end}\n\n## Install\n`);
  }
  if (name !== 'options') return text;
  return text.replace(/^(### `new .*\n\n)?\| option .*\n(\|.*\n)+/m, `${start}\n${end}\n`);
}
