import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  abs,
  add,
  defineUpdateRule,
  div,
  type Expression,
  equal,
  exp,
  greater,
  lerp,
  log,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  type Operand,
  planUpdate,
  pow,
  runInFloat64,
  runOnTensors,
  type Shape,
  type SlotSpec,
  sign,
  sqrt,
  square,
  sub,
  sum,
  type UpdateRule,
  where,
} from '../src/index.ts';
import { wave } from './test-rules.ts';

type Build = (leaves: readonly Operand[]) => Operand;

const isTensor = (x: Operand): x is Expression => typeof x !== 'number' && x.shape !== null;

/** Operations made safe for any operands, so that both interpreters stay finite. */
const unaries: Record<string, (x: Operand) => Operand> = {
  neg,
  abs,
  sign,
  square: (x) => square(bounded(x)),
  sqrt: (x) => sqrt(add(abs(x), 0.5)),
  exp: (x) => exp(bounded(x)),
  log: (x) => log(add(abs(x), 0.5)),
  meanOfAll: (x) => (isTensor(x) ? mean(x) : x),
  meanOfRows: (x) => (isTensor(x) && x.shape!.length === 2 ? mean(x, [1]) : x),
  sumOfColumns: (x) => (isTensor(x) && x.shape!.length === 2 ? sum(x, [0]) : x),
};
const binaries: Record<string, (a: Operand, b: Operand) => Operand> = {
  add,
  sub,
  mul: (a, b) => mul(bounded(a), bounded(b)),
  div: (a, b) => div(a, add(abs(b), 0.5)),
  pow: (a, b) => pow(add(abs(bounded(a)), 0.5), bounded(b)),
  minimum,
  maximum,
  lerp: (a, b) => lerp(a, b, 0.25),
  whereGreater: (a, b) => where(greater(a, 0), a, b),
  whereEqual: (a, b) => where(equal(sign(a), 0), b, a),
};

function bounded(x: Operand): Operand {
  return maximum(-2, minimum(2, x));
}

const expression: fc.Arbitrary<Build> = fc.letrec<{ node: Build }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    fc.nat(5).map(
      (index): Build =>
        (leaves) =>
          leaves[index]!,
    ),
    fc.tuple(fc.constantFrom(...Object.keys(unaries)), tie('node')).map(
      ([name, x]): Build =>
        (leaves) =>
          unaries[name]!(x(leaves)),
    ),
    fc.tuple(fc.constantFrom(...Object.keys(binaries)), tie('node'), tie('node')).map(
      ([name, a, b]): Build =>
        (leaves) =>
          binaries[name]!(a(leaves), b(leaves)),
    ),
  ),
})).node;

/** A rule whose one output is the expression, over leaves of every shape that broadcasts to [3, 4]. */
function ruleOf(build: Build): UpdateRule {
  return defineUpdateRule({
    name: 'random',
    title: 'Random',
    paper: { authors: 'nobody', year: 2000, title: 'none', source: 'none' },
    hyperparameters: { learningRate: { default: 0.3, description: 'A scalar leaf' } },
    slots: (): Record<string, SlotSpec> => ({ row: { shape: [1, 4] }, column: { shape: [3, 1] } }),
    update({ parameter, gradient, row, column }, { learningRate }) {
      const value = build([parameter, gradient, row!, column!, learningRate, 0.75]);
      // Every leaf's shape takes part, so the result has the parameter's.
      return { parameter: add(mul(parameter, 0.5), value), row: row!, column: column! };
    },
  }) as unknown as UpdateRule;
}

const shapes: Record<string, Shape> = { parameter: [3, 4], gradient: [3, 4], row: [1, 4], column: [3, 1] };
const scalars = { learningRate: 0.3, step: 2 };

function bothWays(rule: UpdateRule): { exact: Float64Array; float32: Float32Array } {
  const parameter = { name: 'p', shape: [3, 4], size: 12 };
  const plan = planUpdate(rule, { parameter, settings: {}, constant: () => undefined });
  const data = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      wave(tf.util.sizeFromShape([...shape]), name.length),
    ]),
  );
  const exact = runInFloat64(
    plan,
    Object.fromEntries(Object.entries(data).map(([name, values]) => [name, Float64Array.from(values)])),
    scalars,
  ).parameter!;
  const float32 = tf.tidy(() => {
    const inputs = Object.entries(data).map(([name, values]) => [
      name,
      tf.tensor(values, [...shapes[name]!]),
    ]);
    return runOnTensors(plan, Object.fromEntries(inputs), scalars).parameter!.dataSync() as Float32Array;
  });
  return { exact, float32 };
}

describe('the expression language', () => {
  it('means the same in float64 and on tensors, for random expressions', () => {
    fc.assert(
      fc.property(expression, (build) => {
        const { exact, float32 } = bothWays(ruleOf(build));
        const scale = exact.reduce((most, x) => Math.max(most, Math.abs(x)), 1);
        // 1e-3: float32 rounding through up to a few dozen operations, some of which (exp, pow, division by 0.5)
        // enlarge it; a wrong axis or operand is off by far more.
        float32.forEach((x, index) => {
          expect(Math.abs(x - exact[index]!) / scale).toBeLessThan(1e-3);
        });
      }),
      // A fixed seed: the sign of a value that is zero but for rounding may rightly differ between the two.
      { numRuns: 300, seed: 20240710 },
    );
  });

  it.each<[string, Build, (p: number, r: number, c: number) => number]>([
    ['broadcasts a row and a column', ([, , row, column]) => mul(row!, column!), (_, r, c) => r * c],
    [
      'lerp is (1 - weight) from + weight to',
      ([p, , row]) => lerp(p!, row!, 0.9),
      (p, r) => 0.1 * p + 0.9 * r,
    ],
    [
      'where takes the first where the condition holds',
      ([p]) => where(greater(p!, 0), 1, -1),
      (p) => (p > 0 ? 1 : -1),
    ],
    ['a power', ([p]) => pow(abs(p!), 1.5), (p) => Math.abs(p) ** 1.5],
  ])('%s', (_, build, byHand) => {
    const { exact } = bothWays(ruleOf(build));
    const [p, row, column] = [wave(12, 9), wave(4, 3), wave(3, 6)];
    exact.forEach((x, index) => {
      const expected = byHand(p[index]!, row[index % 4]!, column[Math.floor(index / 4)]!);
      expect(x - 0.5 * p[index]!).toBeCloseTo(expected, 12);
    });
  });

  it('takes means and sums over the axes given, by hand', () => {
    const p = [...wave(12, 9)];
    const rowMean = (row: number) => p.slice(4 * row, 4 * row + 4).reduce((a, b) => a + b) / 4;
    const { exact } = bothWays(ruleOf(([parameter]) => mean(parameter as Expression, [1])));
    expect(exact[5]! - 0.5 * p[5]!).toBeCloseTo(rowMean(1), 12);
    const total = bothWays(ruleOf(([parameter]) => sum(parameter as Expression))).exact;
    expect(total[0]! - 0.5 * p[0]!).toBeCloseTo(
      p.reduce((a, b) => a + b),
      12,
    );
  });

  it('takes the sign of zero as zero', () => {
    const { exact, float32 } = bothWays(ruleOf(([p]) => sign(sub(p!, p!))));
    const half = [...wave(12, 9)].map((x) => 0.5 * x);
    expect([...exact]).toEqual(half);
    expect([...float32]).toEqual(half.map(Math.fround));
  });
});

describe('an update rule is refused', () => {
  const context = {
    parameter: { name: 'p', shape: [3, 4], size: 12 },
    settings: {},
    constant: () => undefined,
  };
  const sound = ruleOf(() => 0);

  it('whose shapes do not broadcast', () => {
    const rule = { ...sound, slots: () => ({ row: { shape: [5] }, column: { shape: [1] } }) };
    const broken = ruleOf(([p, , row]) => add(p!, row!));
    expect(() => planUpdate({ ...broken, slots: rule.slots }, context)).toThrow(
      'shapes [3, 4] and [5] do not broadcast',
    );
  });
  it('that reduces over an axis that is not there, or a scalar', () => {
    expect(() =>
      planUpdate(
        ruleOf(([p]) => mean(p as Expression, [2])),
        context,
      ),
    ).toThrow('mean: axis 2 is outside a tensor of rank 2');
    expect(() =>
      planUpdate(
        ruleOf(([p]) => mean(p as Expression, [1, 1])),
        context,
      ),
    ).toThrow('mean: axes [1,1] name an axis twice');
    expect(() =>
      planUpdate(
        ruleOf((leaves) => sum(leaves[4] as Expression)),
        context,
      ),
    ).toThrow('sum needs a tensor, got a scalar expression');
  });
  it('whose outputs are not its slots', () => {
    const rule: UpdateRule = { ...sound, update: ({ parameter, row }) => ({ parameter, row: row! }) };
    expect(() => planUpdate(rule, context)).toThrow(
      'rule "random" must return {column, parameter, row} for p, got {parameter, row}',
    );
  });
  it('whose view has another size', () => {
    expect(() => planUpdate({ ...sound, view: () => [5] }, context)).toThrow(
      'rule "random" views p [3,4] as [5]: the sizes differ',
    );
  });
  it('without a learning rate', () => {
    expect(() => defineUpdateRule({ ...sound, hyperparameters: {} })).toThrow(
      'update rule "random" needs a hyperparameter called learningRate',
    );
  });
});
