import '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { show } from '../src/engine/option-checks.ts';
import {
  add,
  defineUpdateRule,
  engineOptionKeys,
  engineOptionRecords,
  mean,
  mul,
  sum,
  type UpdateRule,
} from '../src/index.ts';
import { broadcastShapes, tensorSymbol } from '../src/rule/expression.ts';
import { descentRule, Moments } from './test-rules.ts';

describe('a value in a message', () => {
  const circle: { self?: object } = {};
  circle.self = circle;

  it.each<[unknown, string]>([
    [3, '3'],
    [-0.5, '-0.5'],
    [Number.NaN, 'NaN'],
    [Infinity, 'Infinity'],
    ['3', '"3" (string)'],
    ['', '"" (string)'],
    [true, 'true (boolean)'],
    [null, 'null (null)'],
    [undefined, 'undefined (undefined)'],
    [[1, 'a'], '[1,"a"] (object)'],
    [{ a: 1 }, '{"a":1} (object)'],
    [circle, '[object Object] (object)'],
    [10n, '10 (bigint)'],
    [Symbol('a'), 'Symbol(a) (symbol)'],
    [() => 1, 'a function'],
    [Promise.resolve(1), 'a promise'],
  ])('%o is shown as %s', (value, text) => {
    expect(show(value)).toBe(text);
    if (typeof value === 'function' || typeof value === 'number') return;
    expect(() => new Moments({ beta1: value === undefined ? Symbol('none') : value } as never)).toThrow(
      `or a schedule of such numbers, got ${value === undefined ? 'Symbol(none) (symbol)' : text}`,
    );
  });
});

describe('an operation of a rule is refused', () => {
  const matrix = tensorSymbol('matrix', [2, 3]);

  it.each<[() => unknown, string]>([
    [() => mean(matrix, [-1]), 'mean: axis -1 is outside a tensor of rank 2'],
    [() => sum(matrix, [0.5]), 'sum: axis 0.5 is outside a tensor of rank 2'],
    [() => sum(matrix, [0, 2]), 'sum: axis 2 is outside a tensor of rank 2'],
    [() => sum(matrix, [1, 0, 1]), 'sum: axes [1,0,1] name an axis twice'],
    [() => mean(3 as never), 'mean needs a tensor, got a scalar expression'],
    [() => add(matrix, null as never), 'add takes expressions and numbers, got object'],
    [() => mul('2' as never, matrix), 'mul takes expressions and numbers, got string'],
    [() => mul(undefined as never, matrix), 'mul takes expressions and numbers, got undefined'],
    [() => add(matrix, {} as never), 'add takes expressions and numbers, got object'],
    [() => add(matrix, tensorSymbol('other', [2])), 'shapes [2, 3] and [2] do not broadcast'],
  ])('%#', (operation, message) => {
    expect(operation).toThrow(message);
  });

  it('while axes may come in any order, and none leave a tensor as it is', () => {
    expect(sum(matrix, [1, 0])).toMatchObject({ axes: [0, 1], shape: [1, 1] });
    expect(sum(matrix, [1])).toMatchObject({ axes: [1], shape: [2, 1] });
    expect(mean(matrix)).toMatchObject({ operation: 'mean', axes: [0, 1], shape: [1, 1] });
    expect(sum(matrix, [])).toMatchObject({ axes: [], shape: [2, 3] });
  });

  it.each<[readonly number[] | null, readonly number[] | null, readonly number[] | null]>([
    [null, null, null],
    [[2], null, [2]],
    [null, [3, 1], [3, 1]],
    [[2, 1], [3], [2, 3]],
    [[3], [2, 1, 1], [2, 1, 3]],
    [[1], [1, 1], [1, 1]],
    [
      [0, 3],
      [1, 3],
      [0, 3],
    ],
    [[], [4], [4]],
  ])('shapes %j and %j broadcast to %j', (left, right, both) => {
    expect(broadcastShapes(left, right)).toEqual(both);
  });
});

it.each(['l2Decay', 'filterDecay', 'filterStrength'])(
  'a rule cannot take %s, a number of the engine',
  (name) => {
    const rule = {
      ...descentRule,
      name: 'mine',
      hyperparameters: { ...descentRule.hyperparameters, [name]: { default: 1, description: 'A number' } },
    } as unknown as UpdateRule;
    expect(() => defineUpdateRule(rule)).toThrow(
      `update rule "mine" cannot have a scalar called ${name}: the engine's own is`,
    );
  },
);

it('every engine option is listed with its default', () => {
  expect(
    Object.fromEntries(engineOptionRecords.map(({ name, default: value }) => [name, value])),
  ).toMatchObject({
    clipGlobalNorm: 'off',
    clipEpsilon: '`1e-6`',
    clipValue: 'off',
    accumulationSteps: '`1`',
    maximize: '`false`',
    skipNonFinite: '`false`',
    lazyRows: 'off',
    gradientFilter: 'off',
    cautious: 'off',
    averageDecay: 'off',
    recordMetrics: '`false`',
  });
  expect(engineOptionKeys).toEqual(engineOptionRecords.map(({ name }) => name));
});
