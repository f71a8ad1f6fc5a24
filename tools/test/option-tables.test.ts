import type { OptimizerClass, OptimizerRecord } from '@steepest/optimizer';
import { describe, expect, it } from 'vitest';
import { generatedDocuments, isOutdated } from '../docs/generated-documents.ts';
import { type OptimizerPackage, optimizerPackages } from '../docs/optimizer-packages.ts';
import { optionTables } from '../docs/option-tables.ts';
import { withStateBytes } from '../docs/state-bytes.ts';
import { isInRepository, readInRepository, repositoryRoot } from './readme-blocks.ts';

interface Row {
  readonly name: string;
  readonly default: string;
  readonly meaning: string;
}

/** The option tables of Markdown text in their order, each with the heading above it; without backticks. */
function tablesOf(markdown: string): { heading: string; rows: Row[] }[] {
  return markdown
    .split('\n### ')
    .slice(1)
    .filter((section) => section.includes('| option '))
    .map((section) => {
      const lines = section
        .split('\n')
        .slice(section.split('\n').findIndex((line) => /^\| option /.test(line)));
      const table = lines.slice(
        0,
        lines.findIndex((line) => !line.startsWith('|')),
      );
      const rows = table.slice(2).map((line) => {
        const [name, value, meaning] = line
          .split(/(?<!\\)\|/)
          .slice(1, -1)
          .map((cell) => cell.trim().replaceAll('\\|', '|'));
        return { name: name!.replaceAll('`', ''), default: value!.replaceAll('`', ''), meaning: meaning! };
      });
      return { heading: section.split('\n')[0]!, rows };
    });
}

/** A default as a table writes it, read back as a JavaScript value. */
function parsedDefault(text: string): unknown {
  return text === 'undefined' ? undefined : JSON.parse(text.replaceAll("'", '"'));
}

const optionsOf = ({ hyperparameters, settings }: OptimizerRecord) => [...hyperparameters, ...settings];

/** Every option that an optimizer knows, as its error about an unknown one tells. */
function knownOptions(OptimizerClass: OptimizerClass<object>): string[] {
  try {
    new OptimizerClass({ nonsense: 1 });
  } catch (error) {
    return /Known options: (.*)$/
      .exec((error as Error).message)![1]!
      .split(', ')
      .sort();
  }
  throw new Error('an unknown option was accepted');
}

const packages = await optimizerPackages(repositoryRoot);
const outdated = (await generatedDocuments(repositoryRoot)).filter(isOutdated);

// That every package has a README is checked with the READMEs.
const described = packages.filter(({ folder }) => isInRepository(`${folder}/README.md`));

describe.each(described.map((found) => [found.folder, found] as const))(
  'the README of %s',
  (folder, found) => {
    const markdown = readInRepository(`${folder}/README.md`);
    const tables = tablesOf(markdown);
    const classes = found.optimizers.map(({ exportName, optimizer }) => ({
      exportName,
      optimizer,
      record: new optimizer().describe(),
    }));
    const [first] = classes;

    it('holds the tables and the bytes of state that its records make (else: npm run docs)', () => {
      expect(outdated.map(({ file }) => file)).not.toContain(`${folder}/README.md`);
    });

    it.each(classes)('lists the own options of $exportName as describe() does', ({ exportName, record }) => {
      const table = tables.find(({ heading }) => heading.includes(`\`new ${exportName}(options?)\``));
      const own = optionsOf(record);
      const rows = table!.rows.slice(0, own.length);
      expect(rows.map(({ name, meaning }) => [name, meaning])).toEqual(
        own.map(({ name, description }) => [name, description]),
      );
      // What differs for a later class of the heading is in the line under the table.
      if (!table!.heading.startsWith(`\`new ${exportName}(`)) return;
      expect(rows.map((row) => parsedDefault(row.default))).toEqual(own.map((option) => option.default));
    });

    it('continues with every option that the engine knows, and the defaults of weight decay', () => {
      const { rows } = tables[0]!;
      expect(rows.map(({ name }) => name).sort()).toEqual(knownOptions(first!.optimizer));
      const { defaults } = first!.optimizer.rule;
      const value = (name: string) => parsedDefault(rows.find((row) => row.name === name)!.default);
      expect(value('weightDecay')).toBe(defaults?.weightDecay ?? 0);
      expect(value('weightDecayMode')).toBe(defaults?.weightDecayMode ?? 'decoupled');
    });

    it.each(classes)('names the paper of $exportName', ({ record }) => {
      expect(markdown.replaceAll(/\s+/g, ' ')).toContain(record.paper.source);
    });
  },
);

describe('the line on state', () => {
  it('is given the bytes of a parameter that a record counts, without what rows and columns add', () => {
    const text = '# X\n\n**State:** 4 bytes per parameter (the momentum). `stateBytes()` says more.\n';
    expect(withStateBytes('README.md', text, 12.0078125)).toBe(text.replace('4 bytes', '12 bytes'));
    expect(withStateBytes('README.md', text, 4)).toBe(text);
    const low = withStateBytes('README.md', text, 1.5);
    expect(low).toBe(text.replace('4 bytes', '1.5 bytes'));
    expect(withStateBytes('README.md', low, 4)).toBe(text);
  });

  it('must be there', () => {
    expect(() => withStateBytes('README.md', '**State:** none', 12)).toThrow(
      'README.md needs a line that begins with "**State:** 12 bytes per parameter" and says what is kept',
    );
  });
});

describe('the option tables of a package', () => {
  const optimizer = (name: string, hyperparameters: object, settings = {}, defaults = {}) => {
    const update = ({ parameter }: { parameter: unknown }) => ({ parameter });
    const rule = { name, hyperparameters, settings, defaults, slots: () => ({}), update };
    return { rule } as unknown as OptimizerClass<object>;
  };
  const rate = { learningRate: { default: 1e-8, description: 'Step size' } };
  const packageOf = (optimizers: Record<string, OptimizerClass<object>>): OptimizerPackage => ({
    folder: 'packages/optim-x',
    name: 'x',
    description: 'X',
    optimizers: Object.entries(optimizers).map(([exportName, optimizer]) => ({ exportName, optimizer })),
  });

  it('hold one table for classes with the same options, and say where defaults differ', () => {
    const other = { learningRate: { default: 0.5, description: 'Step size' } };
    const text = optionTables(
      packageOf({ A: optimizer('a', rate), B: optimizer('b', other, {}, { weightDecay: 0.01 }) }),
    );
    expect(text).toMatch(/^### `new A\(options\?\)`, `new B\(options\?\)`\n\n\| option /);
    expect(text).toContain('\n| `learningRate`      | `1e-8`                 | Step size ');
    expect(text).toMatch(/\n\nBy default, `B` has `learningRate` `0\.5` and `weightDecay` `0\.01`\.$/);
    expect(tablesOf(`\n${text}\n`)).toHaveLength(1);
  });

  it('hold another one for a class with options of its own', () => {
    const form = { form: { default: 'a|b', description: 'a|b or c' } };
    const text = optionTables(
      packageOf({ A: optimizer('a', rate), C: optimizer('c', rate, form, { weightDecayMode: 'l2' }) }),
    );
    const [, second] = tablesOf(`\n${text}\n`);
    expect(second!.heading).toBe('`new C(options?)`');
    expect(second!.rows.at(-1)).toEqual({ name: 'form', default: "'a|b'", meaning: 'a|b or c' });
    expect(text).toMatch(
      /\n\nThen the options of `A` from `weightDecay` on, with `weightDecayMode` `'l2'`\.$/,
    );
  });
});
