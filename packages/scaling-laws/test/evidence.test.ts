import { describe, expect, it } from 'vitest';
import {
  adaptiveShapesLaw,
  chinchillaLaw,
  convergenceEscapeLaw,
  isoflopLaw,
  learningRateBatchSizeLaw,
  multiPowerLaw,
  suLaw,
  Table,
} from '../src/index.ts';
import { evidenceOf } from '../src/law/evidence.ts';
import type { Cell } from '../src/table/table.ts';

const truth = { E: 1.8, A: 480, alpha: 0.35, B: 2100, beta: 0.37 };
const lossAt = (parameters: number, tokens: number) =>
  truth.E + truth.A / parameters ** truth.alpha + truth.B / tokens ** truth.beta;

type Row = Record<string, Cell>;

/** Runs of the truth at every size and ratio, changed by a function. */
function sweep(change: (row: Row, index: number) => Row | Row[] = (row) => row): Table {
  const rows = [1e7, 3e7, 1e8, 3e8, 1e9].flatMap((parameters) =>
    [5, 20, 80].map((ratio) => ({
      parameters,
      tokens: ratio * parameters,
      loss: lossAt(parameters, ratio * parameters),
    })),
  );
  return Table.fromRows('sweep', rows.flatMap<Row>(change));
}

const plain = { bootstrap: 0 };
const constantsOf = (table: Table, options = {}) => {
  const { constants, warnings } = chinchillaLaw.fit(table, { ...plain, ...options });
  return { constants, warnings };
};

describe('a law of one optimizer and one data set', () => {
  it.each([
    ['optimizer', 'adamw', 'sgd'],
    ['opt', 'adamw', 'lion'],
    ['dataset', 'c4', 'pile'],
    ['data.tokenizer', 't5', 'bytes'],
  ])('is refused where %s differs, even where no two runs are alike otherwise', (column, one, other) => {
    const table = sweep((row, index) => ({ ...row, [column]: index < 5 ? one : other }));
    expect(() => chinchillaLaw.fit(table, plain)).toThrow(
      `sweep: the runs differ in ${column}: ${one} (5 runs), ${other} (10 runs). One chinchilla law cannot be of all of ` +
        `them: choose with --where '${column} == "${one}"', keep the best at each parameters and tokens with ` +
        `--best-of ${column}, or mix them with --mix ${column} (options bestOf and mix of fit)`,
    );
  });

  it('is fitted on one of them, and on all where that is asked for, which the fit says', () => {
    const table = sweep((row) => [
      { ...row, optimizer: 'adamw' },
      { ...row, optimizer: 'sgd', loss: 2 * Number(row.loss) },
    ]);
    const chosen = constantsOf(table.where(({ optimizer }) => optimizer === 'adamw'));
    expect(chosen.constants.alpha).toBeCloseTo(truth.alpha, 4);
    expect(chosen.warnings).toEqual([]);
    const mixed = constantsOf(table, { mix: ['optimizer'] });
    expect(mixed.warnings[0]).toBe('runs of several optimizer are mixed: adamw (15 runs), sgd (15 runs)');
    const best = constantsOf(table, { bestOf: ['optimizer'] });
    expect(best.constants).toEqual(chosen.constants);
    expect(best.warnings[0]).toBe(
      'only the runs of the best optimizer of each parameters and tokens are used: 15 of 30 rows',
    );
  });

  it.each([
    isoflopLaw,
    learningRateBatchSizeLaw,
    suLaw,
    adaptiveShapesLaw,
    convergenceEscapeLaw,
    multiPowerLaw,
  ])('is refused alike: $name', (law) => {
    const numbers = Object.fromEntries(law.columns.map(({ name }) => [name, 3]));
    const rows = ['adamw', 'sgd'].map((optimizer, index) => ({
      ...numbers,
      run: optimizer,
      loss: 3 + index,
      optimizer,
    }));
    expect(() => law.fit(Table.fromRows('runs', rows))).toThrow(
      'runs: the runs differ in optimizer: adamw (1 run), sgd (1 run)',
    );
  });
});

describe('a law of size and data', () => {
  const rates = (row: Row) => [
    { ...row, lr: 1e-3, seed: 1, loss: 1.05 * Number(row.loss) },
    { ...row, lr: 3e-3, seed: 1, loss: 1.001 * Number(row.loss) },
    { ...row, lr: 3e-3, seed: 2, loss: 0.999 * Number(row.loss) },
    // The lowest loss of all, but not on average.
    { ...row, lr: 1e-2, seed: 1, loss: 0.99 * Number(row.loss) },
    { ...row, lr: 1e-2, seed: 2, loss: Number.NaN },
  ];

  it('takes one learning rate for each size, but not several at one', () => {
    const tuned = sweep((row) => ({ ...row, lr: 1 / Math.sqrt(Number(row.parameters)) }));
    expect(constantsOf(tuned).warnings).toEqual([]);
    expect(() => chinchillaLaw.fit(sweep(rates), plain)).toThrow(
      'the runs differ in lr: 0.001 (15 runs), 0.003 (30 runs), 0.01 (30 runs), in 15 of 15 cases at the same ' +
        'parameters and tokens. One chinchilla law',
    );
  });

  it('keeps the best of each, by the mean over seeds', () => {
    const { table, notes } = evidenceOf(chinchillaLaw, sweep(rates), { bestOf: ['learningRate'] });
    expect(table.length).toBe(30);
    expect(new Set(table.column('lr'))).toEqual(new Set([3e-3]));
    expect(notes).toEqual([
      'only the runs of the best lr of each parameters and tokens are used: 30 of 75 rows',
    ]);
  });

  it('sees that batches whose steps do not end alike are of one number of tokens', () => {
    const table = sweep((row) => [
      { ...row, batch_size: 8 },
      { ...row, batch_size: 64, tokens: 1.01 * Number(row.tokens) },
    ]);
    expect(() => chinchillaLaw.fit(table, plain)).toThrow('the runs differ in batch_size: 8');
  });

  it('leaves the choice to a law that takes the best of each size by itself', () => {
    expect(evidenceOf(isoflopLaw, sweep(rates), {}).notes).toEqual([]);
  });

  it('names a column that it cannot choose by, and refuses what is no list', () => {
    expect(() => chinchillaLaw.fit(sweep(), { bestOf: ['los'] })).toThrow(
      'cannot choose by "los": sweep: there is no column "los", did you mean "loss"?',
    );
    expect(() => chinchillaLaw.fit(sweep(), { mix: 'optimizer' as never })).toThrow(
      'chinchilla: mix must be a list of names of columns, got "optimizer" (string)',
    );
  });
});

describe('a law of curves', () => {
  it('is of one model and one batch', () => {
    const rows = [1e6, 4e6].flatMap((parameters) =>
      [10, 20, 30, 40].map((step) => ({
        run: `n${parameters}`,
        step,
        lr: 1e-3,
        loss: 5 - step / 100,
        parameters,
      })),
    );
    expect(() => multiPowerLaw.fit(Table.fromRows('curves', rows))).toThrow(
      'curves: the runs differ in parameters: 1000000 (1 run), 4000000 (1 run). One multi-power law',
    );
  });

  it('takes the rate of a run for the largest that it reaches', () => {
    const rows = [1, 2].flatMap((seed) =>
      [1e6, 4e6].flatMap((parameters) =>
        [512, 1024].flatMap((batchTokens) =>
          [10, 20].map((step) => ({
            ...{ run: `${seed} ${parameters} ${batchTokens}`, seed, parameters, batchTokens, step },
            ...{ lr: 1e-3 * Math.min(1, step / 15), loss: 5 - step / 100 },
          })),
        ),
      ),
    );
    expect(evidenceOf(suLaw, Table.fromRows('curves', rows), {}).notes).toEqual([]);
    const other = rows.map((row) => (row.seed === 2 ? { ...row, lr: 3 * row.lr } : row));
    expect(() => evidenceOf(suLaw, Table.fromRows('curves', other), {})).toThrow(
      'in 4 of 4 cases at the same parameters and batchTokens',
    );
  });
});

describe('copies are no evidence', () => {
  it('however they are named, and the fit says so', () => {
    const named = sweep((row, index) => ({ run: `a${index}`, seconds: index, ...row }));
    const copied = named.with({ run: named.column('run').map((name) => `copy of ${name}`) });
    const twice = Table.join('both', [named, copied]);
    const { constants, warnings } = constantsOf(twice);
    expect(constants).toEqual(constantsOf(named).constants);
    expect(warnings[0]).toBe(
      '15 of 30 runs repeat another in every number and count once (sweep, row 1 of sweep, row 1, ' +
        'sweep, row 2 of sweep, row 2, sweep, row 3 of sweep, row 3 and 12 more); ' +
        'runs of other seeds need a column that tells them apart',
    );
  });

  it('but runs of two seeds are two, even with one loss', () => {
    const table = sweep((row) => [
      { ...row, seed: 1 },
      { ...row, seed: 2 },
    ]);
    expect(evidenceOf(chinchillaLaw, table, {})).toEqual({ table, notes: [] });
  });

  it('and a curve that comes twice, or points of it that do, count once', () => {
    const curve = (run: string, parameters: number, batchTokens: number) =>
      [100, 200].map((step) => ({
        run,
        parameters,
        batchTokens,
        step,
        loss: 5 - step / 1e3 - 1e5 / parameters,
      }));
    const rows = [...curve('a', 1e6, 512), ...curve('b', 4e6, 1024), ...curve('a2', 1e6, 512)];
    const { table, notes } = evidenceOf(suLaw, Table.fromRows('t', [...rows, rows[0]!]), {});
    expect(table.length).toBe(4);
    expect(notes).toEqual([
      '1 of 3 runs repeat another in every number and count once (run "a2" of run "a"); ' +
        'runs of other seeds need a column that tells them apart',
      '1 rows repeat another of their run and count once',
    ]);
  });
});
