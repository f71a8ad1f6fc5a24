import { markdownTable } from '../../packages/run-files/src/markdown-table.ts';
import { type OptimizerFamily, optimizerFamilies, ownOptions } from './optimizer-families.ts';
import type { ExportedOptimizer, OptimizerPackage } from './optimizer-packages.ts';
import { type OptionRow, sharedOptions } from './shared-options.ts';

/** The options of every optimizer of a package: a table for each set of options, and the defaults that differ. */
export function optionTables({ optimizers }: OptimizerPackage): string {
  const [first, ...others] = optimizerFamilies(optimizers);
  return [familySection(first!), ...others.map((family) => laterFamilySection(family, first!))].join('\n\n');
}

const allOptions = (exported: ExportedOptimizer): OptionRow[] => [
  ...ownOptions(exported),
  ...sharedOptions(exported.optimizer.rule),
];

function familySection(family: OptimizerFamily): string {
  return [heading(family), table(allOptions(family[0])), ...otherDefaults(family)].join('\n\n');
}

/** The shared options are in the table above; what differs of them is said. */
function laterFamilySection(family: OptimizerFamily, first: OptimizerFamily): string {
  const different = differences(
    sharedOptions(family[0].optimizer.rule),
    sharedOptions(first[0].optimizer.rule),
  );
  const but = different === '' ? '' : `, with ${different}`;
  const rest = `Then the options of \`${first[0].exportName}\` from \`weightDecay\` on${but}.`;
  return [heading(family), table(ownOptions(family[0])), rest, ...otherDefaults(family)].join('\n\n');
}

const heading = (family: OptimizerFamily): string =>
  `### ${family.map(({ exportName }) => `\`new ${exportName}(options?)\``).join(', ')}`;

const table = (rows: readonly OptionRow[]): string =>
  markdownTable(
    ['option', 'default', 'meaning'],
    rows.map((row) => [`\`${row.name}\``, row.default, row.meaning]),
  );

/** What the table says of a family's first and does not hold for another. */
function otherDefaults([first, ...others]: OptimizerFamily): string[] {
  const said = others.flatMap((other) => {
    const different = differences(allOptions(other), allOptions(first));
    return different === '' ? [] : [`\`${other.exportName}\` has ${different}`];
  });
  return said.length === 0 ? [] : [`By default, ${said.join('; ')}.`];
}

function differences(rows: readonly OptionRow[], usual: readonly OptionRow[]): string {
  const different = rows.filter((row, index) => row.default !== usual[index]!.default);
  return different.map((row) => `\`${row.name}\` ${row.default}`).join(' and ');
}
