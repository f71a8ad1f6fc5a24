import { nearestName } from '@steepest/run-files';
import { type Cell, cellOf, type Table } from '@steepest/scaling-laws';
import jsep from 'jsep';
import { UsageError } from '../frame.ts';

/** A value on the way: a cell, or what a comparison says. */
type Value = Cell | boolean;
type Row = ReadonlyMap<string, Cell>;
type Evaluate = (row: Row) => Value;

/** An expression over the columns of a table, read and checked once. */
export interface Expression {
  readonly text: string;
  /** Its value in a row; `null` where a cell that it needs is empty. */
  valueAt(row: number): Value;
}

const functions: Readonly<Record<string, (...values: number[]) => number>> = {
  abs: Math.abs,
  exp: Math.exp,
  log: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  max: Math.max,
  min: Math.min,
  round: Math.round,
  sqrt: Math.sqrt,
};

const arithmetic: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '**': (a, b) => a ** b,
};

const order: Readonly<Record<string, (a: number | string, b: number | string) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

// The parser leaves no trace of parentheses, and takes -x ** 2 for (-x) ** 2, which in mathematics is -(x ** 2).
jsep.hooks.add('gobble-token', function (env) {
  if (this.char !== '(') return;
  const group = this.gobbleGroup() as jsep.Expression | false;
  if (group === false) return this.throwError('there is nothing between the parentheses');
  env.node = { ...group, isInParentheses: true };
});

/** Stands for a column whose name is not a plain word; followed by its place in the list of such names. */
const placeholder = '$column';

/**
 * Reads an expression such as `[Training FLOP] / (6 * N)`: numbers, texts in quotes, columns by name (in square brackets
 * where the name is not a word), + - * / % **, comparisons, && || !, and abs, exp, log, log2, log10, max, min, round, sqrt.
 *
 * @param where what a message begins with, such as the flag
 * @throws UsageError when it cannot be read, or names a column that the table lacks
 */
export function parseExpression(where: string, text: string, table: Table): Expression {
  const columns: string[] = [];
  let evaluate: Evaluate;
  try {
    evaluate = compile(jsep(withPlaceholders(text, table, columns)), { table, columns, where });
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${where}: cannot read "${text}": ${(error as Error).message}`);
  }
  const named = table.names.map((name) => [name, table.column(name)] as const);
  return {
    text,
    valueAt: (row) => evaluate(new Map(named.map(([name, cells]) => [name, cells[row]!]))),
  };
}

/** Columns in brackets, or with spaces in the name, become words that the parser takes. */
function withPlaceholders(text: string, table: Table, columns: string[]): string {
  const spaced = table.names
    .filter((name) => /\s/.test(name))
    .sort((a, b) => b.length - a.length)
    .map((name) => name.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&'));
  const names = spaced.length === 0 ? '' : `|(?<![\\w$])(${spaced.join('|')})(?![\\w$])`;
  const pattern = new RegExp(`"[^"]*"|'[^']*'|\\[([^\\]]+)\\]${names}`, 'g');
  return text.replaceAll(pattern, (found, bracketed?: string, bare?: string) => {
    const name = typeof bracketed === 'string' ? bracketed : typeof bare === 'string' ? bare : undefined;
    if (name === undefined) return found;
    return `${placeholder}${columns.push(name) - 1}`;
  });
}

interface Reading {
  readonly where: string;
  readonly table: Table;
  readonly columns: readonly string[];
}

function compile(node: jsep.Expression, reading: Reading): Evaluate {
  switch (node.type) {
    case 'Literal': {
      const { value } = node as jsep.Literal;
      return () => value as Cell | boolean;
    }
    case 'Identifier':
    case 'MemberExpression':
      return columnOf(nameOf(node, reading), reading);
    case 'UnaryExpression':
      return unary(node as jsep.UnaryExpression, reading);
    case 'BinaryExpression':
      return binary(node as jsep.BinaryExpression, reading);
    case 'CallExpression':
      return call(node as jsep.CallExpression, reading);
    default:
      throw new Error('expected one expression of columns, numbers, texts, operators and functions');
  }
}

/** `schedule.type` is one column, not a property. */
function nameOf(node: jsep.Expression, reading: Reading): string {
  if (node.type === 'MemberExpression' && node.computed !== true) {
    return `${nameOf(node.object as jsep.Expression, reading)}.${nameOf(node.property as jsep.Expression, reading)}`;
  }
  if (node.type !== 'Identifier') throw new Error('a column with such a name goes into [square brackets]');
  const name = (node as jsep.Identifier).name;
  const index = /^\$column(\d+)$/.exec(name)?.[1];
  return index === undefined ? name : (reading.columns[Number(index)] ?? name);
}

function columnOf(name: string, { table, where }: Reading): Evaluate {
  if (table.has(name)) return (row) => row.get(name) ?? null;
  throw new UsageError(`${where}: ${table.noColumn(name)}`);
}

function unary({ operator, argument }: jsep.UnaryExpression, reading: Reading): Evaluate {
  const inner = compile(argument, reading);
  if (operator === '!') return (row) => !inner(row);
  if (operator !== '-' && operator !== '+') throw new Error(`unknown operator ${operator}`);
  const sign = operator === '-' ? -1 : 1;
  return (row) => {
    const value = inner(row);
    return value === null ? null : sign * numberOf(value);
  };
}

function binary({ operator, left, right }: jsep.BinaryExpression, reading: Reading): Evaluate {
  if (operator === '**' && left.type === 'UnaryExpression' && left.isInParentheses !== true) {
    throw new Error('a power of a negative number needs parentheses: -(x ** 2) or (-x) ** 2');
  }
  const [a, b] = [compile(left, reading), compile(right, reading)];
  if (operator === '&&') return (row) => Boolean(a(row)) && Boolean(b(row));
  if (operator === '||') return (row) => Boolean(a(row)) || Boolean(b(row));
  if (operator === '==' || operator === '===') return (row) => equal(a(row), b(row));
  if (operator === '!=' || operator === '!==') return (row) => !equal(a(row), b(row));
  const compare = order[operator];
  if (compare) {
    return (row) => {
      const [x, y] = [a(row), b(row)];
      // An empty cell is neither above nor below anything, as NaN is by itself.
      if (x === null || y === null) return false;
      if (typeof x !== typeof y || typeof x === 'boolean') {
        const text = [x, y].find((value) => typeof value === 'string');
        throw new Error(
          `cannot compare ${JSON.stringify(x)} with ${JSON.stringify(y)}` +
            (text === undefined ? '' : `; leave such rows out first, with != ${JSON.stringify(text)} && ...`),
        );
      }
      return compare(x, y as number | string);
    };
  }
  const combine = arithmetic[operator];
  if (!combine) throw new Error(`unknown operator ${operator}`);
  return (row) => {
    const [x, y] = [a(row), b(row)];
    return x === null || y === null ? null : combine(numberOf(x), numberOf(y));
  };
}

/**
 * A number and a text in quotes are equal where the text means the number: `loss == "nan"`, `seed == "1"`. So are yes or no and the
 * text of a cell: `nesterov == true`.
 */
function equal(x: Value, y: Value): boolean {
  if (typeof x === 'boolean' && typeof y === 'string') return String(x) === y;
  if (typeof x === 'string' && typeof y === 'boolean') return x === String(y);
  if (typeof x === 'boolean' ? typeof y === 'number' : typeof x === 'number' && typeof y === 'boolean') {
    throw new Error(
      `cannot compare ${JSON.stringify(x)} with ${JSON.stringify(y)}; join comparisons with &&`,
    );
  }
  if (typeof x === 'string' && typeof y === 'number') return Object.is(cellOf(x), y);
  if (typeof x === 'number' && typeof y === 'string') return Object.is(cellOf(y), x);
  return x === y;
}

function call({ callee, arguments: given }: jsep.CallExpression, reading: Reading): Evaluate {
  const name = callee.type === 'Identifier' ? (callee as jsep.Identifier).name : '';
  const names = Object.keys(functions);
  if (!names.includes(name)) {
    throw new Error(
      `there is no function "${name}", did you mean "${nearestName(name, names)}"? The functions are ${names.join(', ')}`,
    );
  }
  const takesMany = name === 'max' || name === 'min';
  if (takesMany ? given.length === 0 : given.length !== 1) {
    throw new Error(`${name} takes ${takesMany ? 'at least ' : ''}one argument, got ${given.length}`);
  }
  const values = given.map((argument) => compile(argument, reading));
  return (row) => {
    const numbers = values.map((value) => value(row));
    return numbers.includes(null) ? null : functions[name]!(...numbers.map(numberOf));
  };
}

function numberOf(value: Value): number {
  if (typeof value === 'number') return value;
  throw new Error(`cannot calculate with ${JSON.stringify(value)}`);
}
