import { describe, expect, it } from 'vitest';
import { type ColumnSpec, Table, tableFromCsv } from '../src/index.ts';
import { readColumns } from '../src/table/columns.ts';
import { checkSizeAndData, runColumns } from '../src/table/run-columns.ts';

const columns: readonly ColumnSpec[] = [
  { name: 'parameters', meaning: 'size', quantity: 'parameters', aliases: ['N'], mustVary: true },
  { name: 'tokens', meaning: 'data', quantity: 'tokens' },
  { name: 'loss', meaning: 'final loss', quantity: 'loss' },
  { name: 'run', meaning: 'name', quantity: 'text', required: false },
];

function rowsOf(csv: string, options = {}) {
  return readColumns(tableFromCsv(csv, 'runs.csv'), columns, options);
}

describe('tableFromCsv', () => {
  it('reads numbers, texts and empty cells, quoted names, a byte order mark and Windows line ends', () => {
    const table = tableFromCsv(
      '\uFEFFN,"Model, name",loss\r\n1e6,"a ""b""",2.5\r\n 2e6 ,,3\r\n\r\n',
      'x.csv',
    );
    expect(table.names).toEqual(['N', 'Model, name', 'loss']);
    expect(table.column('N')).toEqual([1e6, 2e6]);
    expect(table.column('Model, name')).toEqual(['a "b"', null]);
    expect(table.length).toBe(2);
  });

  it.each([
    ['tabs', 'a\tb\n1\t2\n'],
    ['semicolons', 'a;b\n1;2\n'],
  ])('finds %s between cells by itself', (_, text) => {
    expect(tableFromCsv(text, 'x').column('b')).toEqual([2]);
  });

  it.each([
    ['a,b\n', 'x.csv: there are no rows below the names of the columns'],
    ['', 'x.csv: there are no rows below the names of the columns'],
    ['a,b,a\n1,2,3\n', 'x.csv: two columns are named "a"'],
    ['a,b\n1,2\n1,2,3\n', 'x.csv, row 2: 3 cells, but 2 columns have names'],
    ['a,b\n1,2\n1\n', 'x.csv, row 2: 1 cells, but 2 columns have names'],
    ['a,b\n1,"2\n', 'x.csv, row 2: Quoted field unterminated'],
  ])('refuses %j', (text, message) => {
    expect(() => tableFromCsv(text, 'x.csv')).toThrow(message);
  });
});

describe('a table', () => {
  const table = new Table('t', { a: [1, 2, 3], b: ['x', 'y', 'x'] });

  it('keeps the rows that a test accepts', () => {
    expect(table.where(({ b }) => b === 'x').column('a')).toEqual([1, 3]);
  });

  it('joins others, with empty cells for what one lacks', () => {
    const joined = Table.join('both', [table, Table.fromRows('u', [{ a: 4, c: 5 }])]);
    expect(joined.names).toEqual(['a', 'b', 'c']);
    expect(joined.column('b')).toEqual(['x', 'y', 'x', null]);
    expect(joined.column('c')).toEqual([null, null, null, 5]);
  });

  it('names the nearest column for one it lacks, and refuses columns of unequal length', () => {
    expect(() => new Table('t', { loss: [1] }).column('los')).toThrow(
      't: there is no column "los", did you mean "loss"? The columns are loss',
    );
    expect(() => new Table('t', { tokens: [1], Loss: [1] }).column('LOSS')).toThrow('did you mean "Loss"?');
    expect(() => new Table('t', {}).column('loss')).toThrow(
      new Error('t: there is no column "loss", nor any other'),
    );
    expect(() => new Table('t', { a: [1], b: [] })).toThrow('column b has 0 cells, a has 1');
  });
});

describe('the columns of a law', () => {
  const good = 'N,tokens,loss\n1e8,2e9,3.1\n2e8,2e9,2.9\n';

  it('are found by name, by alias, or as told', () => {
    expect(rowsOf(good)).toEqual([
      { parameters: 1e8, tokens: 2e9, loss: 3.1 },
      { parameters: 2e8, tokens: 2e9, loss: 2.9 },
    ]);
    expect(rowsOf(good.replace('loss', 'c4'), { columns: { loss: 'c4' } })).toEqual(rowsOf(good));
  });

  it('leave out an optional one that is missing or wholly empty', () => {
    expect(rowsOf('N,tokens,loss,run\n1e8,2e9,3.1,\n2e8,2e9,2.9,\n')).toEqual(rowsOf(good));
  });

  it.each([
    ['a missing column', 'N,loss\n1e8,3\n', 'there is no column "tokens" (data); its columns are N, loss'],
    [
      'NaN',
      good.replace('2.9', 'NaN'),
      'column loss, row 2: must be a positive number (nats per token), got NaN',
    ],
    [
      'an infinite loss',
      good.replace('2.9', 'inf'),
      'row 2: must be a positive number (nats per token), got Infinity',
    ],
    [
      'an empty cell',
      good.replace('2.9', ''),
      'column loss, row 2: must be a positive number (nats per token), got nothing',
    ],
    [
      'a negative loss',
      good.replace('2.9', '-2.9'),
      'row 2: must be a positive number (nats per token), got -2.9',
    ],
    ['text', good.replace('2e9', 'many'), 'column tokens, row 1: must be a positive number'],
    [
      'a constant column',
      good.replace('2e8', '1e8'),
      'column N is constant (100000000), so its influence cannot be fitted',
    ],
    [
      'tokens in billions',
      good.replaceAll('2e9', '2'),
      'column tokens must be tokens (a plain count), but its largest value is 2: it looks like thousands, millions, billions',
    ],
    [
      'parameters in millions',
      'N,tokens,loss\n100,2e9,3.1\n200,2e9,2.9\n',
      'column N must be parameters (a plain count), but its largest value is 200: it looks like thousands, millions',
    ],
    [
      'a perplexity',
      good.replace('3.1', '22.2'),
      'column loss must be nats per token, but its largest value is 22.2: it looks like a perplexity',
    ],
  ])('refuse %s', (_, csv, message) => {
    expect(() => rowsOf(csv)).toThrow(message);
  });

  it.each([
    ['loss_bits', 'loss', 'in bits; multiply by ln 2'],
    ['val bpb', 'loss', 'in bits; multiply by ln 2'],
    ['test_ppl', 'loss', 'a perplexity; the loss is its natural logarithm'],
    ['tokens_B', 'tokens', 'in another unit; give plain counts'],
    ['tokens (billions)', 'tokens', 'in another unit; give plain counts'],
    ['params [M]', 'parameters', 'in another unit; give plain counts'],
  ])('refuse a column named %s as the %s, as its name states another unit', (name, column, message) => {
    const csv = good.replace(column === 'parameters' ? 'N' : column, name);
    expect(() => rowsOf(csv, { columns: { [column]: name } })).toThrow(
      `column ${name} is by its name ${message}`,
    );
  });

  it.each(['final_loss', 'loss_nats', 'c4_embedding_loss', 'loss_mb'])('take a loss named %s', (name) => {
    expect(rowsOf(good.replace('loss', name), { columns: { loss: name } })).toEqual(rowsOf(good));
  });

  it('refuse too few rows, and a mapping for a column the law does not have', () => {
    expect(() => rowsOf(good, { least: 6 })).toThrow('runs.csv: 2 rows are too few, at least 6 are needed');
    expect(() => rowsOf(good, { columns: { los: 'c4' } })).toThrow(
      'columns: unknown option "los", did you mean "loss"?',
    );
    expect(() => rowsOf(good, { columns: { loss: 'c4' } })).toThrow('there is no column "c4"');
  });
});

describe('the columns of size, data and compute', () => {
  const { parameters, tokens, loss, flops } = runColumns;
  const read = (csv: string) => {
    const table = tableFromCsv(csv, 'runs.csv');
    const rows = readColumns<{ parameters: number; tokens: number; flops?: number }>(table, [
      ...[parameters, tokens, loss, flops],
    ]);
    checkSizeAndData(table.source, rows);
    return rows;
  };
  const good = 'N,D,loss,C\n1e8,2e9,3.1,1.3e18\n2e8,5e9,2.9,5.8e18\n';

  it('are taken where they fit together', () => {
    expect(read(good)).toHaveLength(2);
    expect(read(good.replaceAll(/,[0-9.]+e18|,C/g, ''))).toHaveLength(2);
  });

  it.each([
    [
      'tokens in millions',
      'N,D,loss\n1e8,2e5,3.1\n2e8,3e5,2.9\n',
      'there are at most 0.0020 tokens per parameter',
    ],
    [
      'sizes in millions',
      'N,D,loss\n7000,1e12,2.1\n70000,2e12,1.9\n',
      'there are at least 2.9e+7 tokens per parameter',
    ],
    [
      'compute in gigaFLOPs',
      good.replaceAll('e18', 'e9'),
      'the compute is 1.1e-9 times 6 N D; one of the three',
    ],
    [
      'sizes as texts',
      good.replace('1e8', '100M'),
      'column N, row 1: must be a positive number (parameters (a plain count)), got "100M"',
    ],
  ])('are refused with %s', (_, csv, message) => {
    expect(() => read(csv)).toThrow(message);
  });
});
