import { describe, expect, it } from 'vitest';
import {
  abs,
  add,
  defineUpdateRule,
  div,
  type Expression,
  euclideanNorm,
  Float64Optimizer,
  greater,
  mul,
  sub,
  type UpdateRule,
  where,
} from '../src/index.ts';
import { descentRule } from './test-rules.ts';

type Update = (tensors: { parameter: Expression; gradient: Expression }) => Expression;

/** Four weights of 10 after one cautious step of a rule. */
function cautiously(update: Update, options: object = {}, cautious: 'mean' | 'count' = 'mean'): number[] {
  const rule = defineUpdateRule({
    ...descentRule,
    name: 'tested',
    update: (tensors) => ({ parameter: update(tensors) }),
  });
  const optimizer = new Float64Optimizer([{ rule: rule as unknown as UpdateRule, options }], { cautious });
  optimizer.add({ name: 'weight', shape: [4], size: 4 }, [10, 10, 10, 10]);
  optimizer.step({ weight: [1, -2, 4, 0] });
  return [...optimizer.value('weight')];
}

/** Has the sign of the gradient in the first place only: 3, 3, -3, 3. */
const update = (gradient: Expression): Expression =>
  where(greater(abs(sub(gradient, 4)), 0), 3, mul(-3, greater(gradient, 0)));

describe('a cautious update', () => {
  // One of four elements is kept. Its mean is 1/4, and 4 / (1 + 1) is 2.
  it.each([
    ['mean', 12],
    ['count', 6],
  ] as const)('is scaled up by the %s of what is kept', (scale, moved) => {
    expect(cautiously(({ parameter, gradient }) => sub(parameter, update(gradient)), {}, scale)).toEqual([
      10 - moved,
      10,
      10,
      10,
    ]);
  });

  it('is found in a parameter that decay has shrunk first, and decay is whole', () => {
    const shrunk: Update = ({ parameter, gradient }) => sub(parameter, update(gradient));
    // 10 (1 - 0.5 * 0.5) - 12.
    expect(cautiously(shrunk, { weightDecay: 0.5 })).toEqual([-4.5, 7.5, 7.5, 7.5]);
    const own: Update = ({ parameter, gradient }) => sub(mul(0.5, parameter), update(gradient));
    expect(cautiously(own)).toEqual([-7, 5, 5, 5]);
  });

  it('is found below a division by a number, as of a proximal decay', () => {
    const proximal: Update = ({ parameter, gradient }) => div(sub(parameter, update(gradient)), 2);
    expect(cautiously(proximal)).toEqual([-1, 5, 5, 5]);
  });

  it('is found in both branches of a choice, one of which may be no update at all', () => {
    const chosen: Update = ({ parameter, gradient }) =>
      where(greater(gradient, -1), sub(parameter, update(gradient)), parameter);
    expect(cautiously(chosen)).toEqual([-2, 10, 10, 10]);
    const either: Update = ({ parameter, gradient }) =>
      where(greater(gradient, 3), parameter, sub(parameter, update(gradient)));
    expect(cautiously(either)).toEqual([-2, 10, 10, 10]);
  });

  it('of nothing is nothing', () => {
    expect(cautiously(({ parameter, gradient }) => sub(parameter, mul(-1, gradient)))).toEqual([
      10, 10, 10, 10,
    ]);
  });

  it.each<[string, Update]>([
    ['a sum', ({ parameter, gradient }) => add(parameter, gradient)],
    ['a difference from something else', ({ parameter, gradient }) => sub(gradient, parameter)],
    [
      'a quotient of a tensor',
      ({ parameter, gradient }) => div(sub(parameter, gradient), add(abs(gradient), 1)),
    ],
    ['a product of the difference', ({ parameter, gradient }) => mul(2, sub(parameter, gradient))],
    ['a choice of such', ({ parameter, gradient }) => where(gradient, add(parameter, gradient), parameter)],
    ['a magnitude', ({ parameter }) => abs(parameter)],
  ])('is not found in %s', (_, wrong) => {
    expect(() => cautiously(wrong)).toThrow(
      'cautious cannot hold for "weight" under "tested": its new parameter is not the parameter less an update',
    );
  });
});

describe('the Euclidean norm of a tensor', () => {
  const normOf = (values: readonly number[]): number => {
    const rule = defineUpdateRule({
      ...descentRule,
      name: 'normed',
      update: ({ gradient }) => ({ parameter: mul(euclideanNorm(gradient), add(mul(gradient, 0), 1)) }),
    });
    const optimizer = new Float64Optimizer([{ rule: rule as unknown as UpdateRule, options: {} }]);
    optimizer.add({ name: 'weight', shape: [2, 2], size: 4 }, [0, 0, 0, 0]);
    optimizer.step({ weight: values });
    return optimizer.value('weight')[0]!;
  };

  it.each([
    [[3, 0, -4, 0], 5],
    [[1, 1, 1, 1], 2],
    [[0, 0, 0, -7], 7],
    [[0, 0, 0, 0], 0],
    // Squares of these are no float64 numbers.
    [[3e200, 0, 4e200, 0], 5e200],
    [[3e-200, 0, 4e-200, 0], 5e-200],
  ])('of %j is %d', (values, norm) => {
    expect(normOf(values) / (norm || 1)).toBeCloseTo(norm === 0 ? 0 : 1, 12);
  });

  it('of what is no number is none', () => {
    expect(normOf([1, Number.NaN, 2, 3])).toBeNaN();
  });
});
