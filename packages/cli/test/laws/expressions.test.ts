import { Table, tableFromCsv } from '@steepest/scaling-laws';
import { describe, expect, it } from 'vitest';
import { parseExpression } from '../../src/laws/expressions.ts';

const table = new Table('runs.csv', {
  'Training FLOP': [6e18, null],
  'Training FLOP of all': [1, 1],
  N: [1e8, 2e8],
  'D/N': [20, 10],
  'schedule.type': ['cosine', 'Training FLOP'],
});
const resultOf = (text: string, row = 0) => parseExpression('--where', text, table).valueAt(row);

describe('an expression over columns', () => {
  it.each([
    ['1 + 2 * 3 - 8 / 4 % 3', 1 + 2 * 3 - ((8 / 4) % 3)],
    ['2 ** 3 ** 2', 512],
    ['-(2.5e-3 + 1E3)', -1000.0025],
    ['(-2) ** 2 + -(3 ** 2) + 2 ** -1 - ((4))', -8.5],
    ['[D/N] * N', 2e9],
    ['[Training FLOP]/(6*N)', 1e10],
    ['Training FLOP/(6*N)', 1e10],
    ['Training FLOP of all + 1', 2],
    ['log(exp(2)) + log2(8) + log10(100) + sqrt(9) + abs(-1)', 11],
    ['max(1, N, 3) - min(N, 4) + round(2.6)', 1e8 - 1],
    ['schedule.type == "cosine" && N >= 1e8', true],
    ["schedule.type != 'cosine' || !(N < 1e9)", false],
    ['schedule.type < "d"', true],
  ])('%s', (text, expected) => {
    expect(resultOf(text)).toEqual(expected);
  });

  it('takes a text in quotes for what it is, not for a column', () => {
    expect(resultOf('schedule.type == "Training FLOP"', 1)).toBe(true);
  });

  it('is empty where a cell is, which is neither above nor below anything', () => {
    expect(resultOf('Training FLOP * 2 + 1', 1)).toBeNull();
    expect(resultOf('Training FLOP > 0', 1)).toBe(false);
    expect(resultOf('Training FLOP <= 0', 1)).toBe(false);
    expect(resultOf('max(Training FLOP, 1)', 1)).toBeNull();
  });

  it.each([
    ['FLOP * 2', 'there is no column "FLOP", did you mean "N"?'],
    ['schedule.kind == "x"', 'there is no column "schedule.kind", did you mean "schedule.type"?'],
    ['logg(N)', 'there is no function "logg", did you mean "log"?'],
    ['N.constructor("x")', 'there is no function ""'],
    ['N * (2', 'cannot read "N * (2"'],
    ['N = 2', 'cannot read "N = 2"'],
    ['N 2', 'expected one expression'],
    ['N & 2', 'unknown operator &'],
    ['N ? 1 : 2', 'expected one expression'],
    ['', 'cannot read ""'],
    ['()', 'there is nothing between the parentheses'],
    ['-N ** 2', 'a power of a negative number needs parentheses: -(x ** 2) or (-x) ** 2'],
    ['2 * exp(-2 ** 2)', 'a power of a negative number needs parentheses'],
    ['log(N, 10)', 'log takes one argument, got 2'],
    ['max()', 'max takes at least one argument, got 0'],
    ['1 < N == 3', 'cannot compare true with 3; join comparisons with &&'],
  ])('refuses %s', (text, message) => {
    expect(() => resultOf(text)).toThrow(message);
  });

  it('refuses to calculate with texts, and to compare them with numbers', () => {
    expect(() => resultOf('schedule.type + 1')).toThrow('cannot calculate with "cosine"');
    expect(() => resultOf('schedule.type > 1')).toThrow('cannot compare "cosine" with 1');
  });
});

it('yes or no is the text that a cell has of it', () => {
  const table = tableFromCsv('nesterov\ntrue\nfalse\n\n', 't');
  const rows = (text: string) => [0, 1].map((row) => parseExpression('--where', text, table).valueAt(row));
  expect(rows('nesterov == true')).toEqual([true, false]);
  expect(rows('false != nesterov')).toEqual([true, false]);
  expect(rows('nesterov == "true"')).toEqual([true, false]);
});

it('comparisons with NaN and empty cells are false, and texts that mean a number are equal to it', () => {
  const table = tableFromCsv('loss,run\n3,a\nnan,b\ninf,c\nNA,d\n', 't');
  const kept = (text: string) => {
    const condition = parseExpression('--where', text, table);
    return [0, 1, 2, 3].filter((row) => condition.valueAt(row) === true);
  };
  expect(kept('loss < 10')).toEqual([0]);
  expect(kept('loss >= 10')).toEqual([2]);
  expect(kept('loss == loss')).toEqual([0, 2, 3]);
  expect(kept('loss == "nan"')).toEqual([1]);
  expect(kept('loss != "nan"')).toEqual([0, 2, 3]);
  expect(kept('log(loss) < 10')).toEqual([0]);
});
