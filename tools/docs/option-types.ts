import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordOf } from '@steepest/optimizer';
import { optimizerFamilies } from './optimizer-families.ts';
import type { ExportedOptimizer, OptimizerPackage } from './optimizer-packages.ts';

/** Of biome.json. */
const lineWidth = 110;

/** Where the generated types of a package's options are, from its folder. */
export const optionTypesFile = 'src/options.ts';

/**
 * The types of the options of a package's optimizers, with what editors show of each.
 *
 * @throws Error if a rule is not exported by a file of the package
 */
export function optionTypes(found: OptimizerPackage, repository: string): string {
  const families = optimizerFamilies(found.optimizers).map(([first]) => first);
  const rules = families.map(({ optimizer }) => declaredRule(found, repository, optimizer.rule.name));
  const imports = rules.map(({ variable, file }) => `import type { ${variable} } from './${file}';`).sort();
  return [
    '// Written by npm run docs from the records of the rules: what editors show of each option.',
    "import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';",
    ...new Set(imports),
    ...families.map((exported, index) => `\n${familyTypes(exported, rules[index]!.variable)}`),
    '',
  ].join('\n');
}

function familyTypes({ exportName, optimizer }: ExportedOptimizer, rule: string): string {
  const { hyperparameters, settings, title } = recordOf(optimizer.rule);
  const lines = [...hyperparameters, ...settings].flatMap(({ name, description, default: usual }) => [
    `  /** ${description}. Default: ${JSON.stringify(usual)}. */`,
    `  readonly ${name}?: ${exportName}Group['${name}'];`,
  ]);
  return [
    `type ${exportName}Group = ParameterGroupOptions<typeof ${rule}>;`,
    '',
    `/** Options of ${title}, besides those of every optimizer; each numeric one may be a schedule of the step. */`,
    `interface ${exportName}OwnOptions {`,
    ...lines,
    '}',
    '',
    `/** Options of {@link ${exportName}}. */`,
    `export type ${exportName}Options = ${exportName}OwnOptions &`,
    `  OptimizerOptions<typeof ${rule}> & {`,
    '    /** Overrides for some of the parameters; the first group that matches a parameter wins. */',
    ...groupsProperty(`readonly (${exportName}OwnOptions & ${exportName}Group)[]`),
    '  };',
  ].join('\n');
}

/** As Biome formats it: on one line where that has room. */
function groupsProperty(type: string): string[] {
  const line = `    readonly groups?: ${type} | undefined;`;
  return line.length <= lineWidth
    ? [line]
    : ['    readonly groups?:', `      | ${type}`, '      | undefined;'];
}

/** The variable that holds a rule, and the file that declares it. */
function declaredRule({ folder }: OptimizerPackage, repository: string, name: string) {
  const source = join(repository, folder, 'src');
  for (const file of readdirSync(source).filter((entry) => entry.endsWith('.ts'))) {
    for (const [, variable, declaration] of readFileSync(join(source, file), 'utf8').matchAll(
      /export const (\w+Rule)\b(.*?^\s*name: '[^']+')/gms,
    )) {
      if (declaration!.endsWith(`name: '${name}'`)) return { variable: variable!, file };
    }
  }
  throw new Error(
    `no file of ${folder}/src exports the rule "${name}" as a constant whose name ends in Rule`,
  );
}
