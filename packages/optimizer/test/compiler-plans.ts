import fc from 'fast-check';
import {
  abs,
  add,
  div,
  type Expression,
  equal,
  floor,
  greater,
  lerp,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  type Operand,
  type Shape,
  scalarSymbol,
  sign,
  sqrt,
  square,
  sub,
  sum,
  tensorSymbol,
  where,
} from '../src/rule/expression.ts';
import type { UpdatePlan } from '../src/rule/plan.ts';
import {
  binaryArithmetic,
  evaluateScalar,
  type ScalarValues,
  unaryArithmetic,
} from '../src/rule/scalar-arithmetic.ts';

/** A plan with the values to run it on. */
export interface PlanCase {
  readonly plan: UpdatePlan;
  readonly inputs: Readonly<Record<string, { readonly shape: Shape; readonly data: Float32Array }>>;
  readonly scalars: ScalarValues;
}

export function sizeOf(shape: Shape): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Small numbers, many of them equal, zero or of either sign, so that comparisons and `where` take every branch. */
export function values(size: number, seed: number): Float32Array {
  let state = seed | 0;
  return Float32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    const uniform = (state >>> 8) / 2 ** 24;
    return state & 64 ? Math.round(uniform * 8 - 4) / 2 : uniform * 4 - 2;
  });
}

type Pick = (list: readonly Operand[]) => Operand;
const pick = fc.nat(1000).map(
  (n): Pick =>
    (list) =>
      list[n % list.length]!,
);
const unaries: readonly ((x: Operand) => Expression)[] = [neg, abs, sign, sqrt, square, floor];
const binaries: readonly ((a: Operand, b: Operand) => Expression)[] = [
  ...[add, sub, mul, div, minimum, maximum, greater, equal],
  (a, b) => lerp(a, b, 0.25),
  // Well behaved values, so that not all that follows is NaN.
  (a, b) => div(a, add(sqrt(abs(b)), 0.5)),
];

/** Adds one node that uses those before it. */
type Grow = (nodes: readonly Operand[]) => Operand;
const grow: fc.Arbitrary<Grow> = fc.oneof(
  fc.tuple(fc.constantFrom(...unaries), pick).map(
    ([operation, x]): Grow =>
      (nodes) =>
        operation(x(nodes)),
  ),
  fc.tuple(fc.constantFrom(...binaries), pick, pick).map(
    ([operation, a, b]): Grow =>
      (nodes) =>
        operation(a(nodes), b(nodes)),
  ),
  fc.tuple(pick, pick, pick).map(
    ([condition, a, b]): Grow =>
      (nodes) =>
        where(condition(nodes), a(nodes), b(nodes)),
  ),
  fc.tuple(fc.constantFrom(mean, sum), pick, fc.nat(15)).map(
    ([operation, x, axes]): Grow =>
      (nodes) => {
        const node = x(nodes);
        if (typeof node === 'number' || node.shape === null) return node;
        return operation(
          node,
          node.shape.map((_, axis) => axis).filter((axis) => (axes >> axis) & 1),
        );
      },
  ),
);

/** An expression reduced or left to broadcast to a shape of the same rank. */
function fitted(value: Operand, shape: Shape): Expression {
  const node = typeof value === 'number' ? add(value, 0) : value;
  if (node.shape === null) return node;
  const missing = shape.length - node.shape.length;
  const axes = node.shape.flatMap((length, axis) =>
    length !== 1 && shape[axis + missing] === 1 ? [axis] : [],
  );
  return axes.length === 0 ? node : mean(node, axes);
}

const shape: fc.Arbitrary<Shape> = fc
  .array(fc.constantFrom(1, 2, 3, 4, 5, 8, 11, 16, 37), { maxLength: 4, size: 'max' })
  .filter((lengths) => sizeOf(lengths) <= 3000);

/**
 * Plans over a parameter, a gradient and up to four slots that broadcast to the parameter's shape in every way. Each slot
 * and the parameter get a new value from the same graph of expressions, so they read each other's old values, or keep
 * their own.
 */
export const planCase: fc.Arbitrary<PlanCase> = fc
  .record({
    shape,
    slots: fc.array(fc.nat(15), { maxLength: 4, size: 'max' }),
    scale: fc.boolean(),
    graph: fc.array(grow, { minLength: 1, maxLength: 14, size: 'max' }),
    outputs: fc.array(fc.oneof(pick, fc.constant('keep' as const)), { minLength: 6, maxLength: 6 }),
    seed: fc.integer(),
  })
  .map(({ shape, slots, scale, graph, outputs, seed }): PlanCase => {
    const shapes: Record<string, Shape> = { parameter: shape, gradient: shape };
    for (const [index, mask] of slots.entries()) {
      shapes[`slot${index}`] = shape.map((length, axis) => ((mask >> axis) & 1 ? 1 : length));
    }
    // Of lower rank than the rest, as the factor of clipping.
    if (scale) shapes.scale = [];
    const tensors = Object.entries(shapes).map(([name, own]) => tensorSymbol(name, own));
    const rate = scalarSymbol('rate');
    const nodes: Operand[] = [...tensors, 0.75, -3, rate, mul(rate, sub(scalarSymbol('step'), 1))];
    for (const next of graph) nodes.push(next(nodes));
    // The youngest nodes first: they hold most of the graph.
    const candidates = nodes.slice(tensors.length).reverse();
    const changing = Object.keys(shapes).filter((name) => name !== 'gradient' && name !== 'scale');
    const plan = {
      shapes,
      slots: {},
      outputs: Object.fromEntries(
        changing.map((name, index) => {
          const choice = outputs[index]!;
          const value = choice === 'keep' ? tensorSymbol(name, shapes[name]!) : choice(candidates);
          return [name, fitted(value, shapes[name]!)];
        }),
      ),
    };
    const inputs = Object.fromEntries(
      Object.entries(shapes).map(([name, own], index) => [
        name,
        { shape: own, data: values(sizeOf(own), seed + 7919 * index) },
      ]),
    );
    return { plan, inputs, scalars: { rate: 0.3, step: 1 + (seed & 1) } };
  });

interface Value {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** The element of `from` that each element of `to` reads. */
function readAs({ shape, data }: Value, to: Shape): Float64Array {
  const offset = to.length - shape.length;
  return Float64Array.from({ length: sizeOf(to) }, (_, flat) => {
    let rest = flat;
    let stride = 1;
    let source = 0;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      const at = rest % to[axis]!;
      rest = (rest - at) / to[axis]!;
      const length = shape[axis - offset] ?? 1;
      if (length !== 1) source += at * stride;
      stride *= length;
    }
    return data[source]!;
  });
}

/** What IEEE single precision makes of a plan: every operation rounded, sums in float64 and rounded once. */
export function runInFloat32({ plan, inputs, scalars }: PlanCase): Record<string, Float32Array> {
  const known = new Map<Expression, Value>();
  const of = (node: Expression): Value => {
    const found = known.get(node) ?? compute(node);
    known.set(node, found);
    return found;
  };
  const rounded = (shape: Shape, at: (index: number) => number): Value => ({
    shape,
    data: Float64Array.from({ length: sizeOf(shape) }, (_, index) => Math.fround(at(index))),
  });
  const compute = (node: Expression): Value => {
    if (node.shape === null) return rounded([], () => evaluateScalar(node, scalars));
    switch (node.kind) {
      case 'tensor':
        return { shape: node.shape, data: Float64Array.from(inputs[node.name]!.data) };
      case 'unary': {
        const { data } = of(node.input);
        // The sign of a zero is a positive zero, as in tfjs.
        const apply =
          node.operation === 'sign' ? (x: number) => Math.sign(x) + 0 : unaryArithmetic[node.operation];
        return rounded(node.shape, (index) => apply(data[index]!));
      }
      case 'binary': {
        const [a, b] = [readAs(of(node.left), node.shape), readAs(of(node.right), node.shape)];
        return rounded(node.shape, (index) => binaryArithmetic[node.operation](a[index]!, b[index]!));
      }
      case 'where': {
        const condition =
          node.condition.shape === null
            ? [evaluateScalar(node.condition, scalars)]
            : readAs(of(node.condition), node.shape);
        const [a, b] = [readAs(of(node.whenTrue), node.shape), readAs(of(node.whenFalse), node.shape)];
        return rounded(node.shape, (index) =>
          condition[condition.length === 1 ? 0 : index] !== 0 ? a[index]! : b[index]!,
        );
      }
      case 'reduce': {
        const input = of(node.input);
        const places = readAs(
          { shape: node.shape, data: Float64Array.from({ length: sizeOf(node.shape) }, (_, i) => i) },
          input.shape,
        );
        const sums = new Float64Array(sizeOf(node.shape));
        for (const [index, x] of input.data.entries()) sums[places[index]!]! += x;
        const count = node.operation === 'mean' ? input.data.length / sums.length : 1;
        return rounded(node.shape, (index) => sums[index]! / count);
      }
      default:
        throw new Error(`${node.kind} is none of the operations under test`);
    }
  };
  return Object.fromEntries(
    Object.entries(plan.outputs).map(([name, node]) => [
      name,
      Float32Array.from(readAs(of(node), plan.shapes[name]!)),
    ]),
  );
}
