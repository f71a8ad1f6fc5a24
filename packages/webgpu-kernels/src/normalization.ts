import {
  layerNormGradientKernel,
  layerNormKernel,
  rmsNormGradientKernel,
  rmsNormKernel,
} from '@steepest/training-kernels';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { implement } from './implement.ts';
import type { KernelRun } from './kernel-run.ts';
import { type Shader, unrolled, workgroupReduction } from './shader.ts';

/** Rows whose share of the weight's gradient one workgroup adds up. */
const rowsOfGroup = 16;

/** Threads that work on one row: a row of a small model is not worth 256 of them. */
function threadsFor(width: number): number {
  return width <= 64 ? 32 : width <= 512 ? 64 : 256;
}

const sum = (a: string, b: string) => `${a} + ${b}`;

/** Of a layer norm, which takes the mean of a row away, or of an RMS norm, which does not. */
type Kind = 'centered' | 'uncentered';

/** One row per workgroup: the mean first, then the mean of squared differences from it (or from 0). */
function forward(threads: number, kind: Kind): Shader {
  const isCentered = kind === 'centered';
  const eachColumn = `for (var i = start + thread; i < end; i = i + ${threads}u)`;
  return {
    threads,
    writes: { y: 'f32', ...(isCentered && { means: 'f32' }), inverses: 'f32' },
    reads: { x: 'f32', weight: 'f32' },
    uniforms: { width: 'u32', epsilon: 'f32' },
    declarations: workgroupReduction('ofRow', threads, 'f32', sum),
    body: `
  let start = group * uniforms.width;
  let end = start + uniforms.width;
  let count = f32(uniforms.width);
  ${
    isCentered
      ? `var sum = 0.0;
  ${eachColumn} { sum = sum + x[i]; }
  let mean = ofRow(sum, thread) / count;`
      : 'let mean = 0.0;'
  }
  var squares = 0.0;
  ${eachColumn} { let difference = x[i] - mean; squares = squares + difference * difference; }
  let inverse = 1.0 / sqrt(ofRow(squares, thread) / count + uniforms.epsilon);
  ${eachColumn} { y[i] = weight[i - start] * ((x[i] - mean) * inverse); }
  if (thread == 0u) { ${isCentered ? 'means[group] = mean; ' : ''}inverses[group] = inverse; }`,
  };
}

/**
 * The gradient of x, and of the weight the shares of so many rows each. A thread has the same columns of every row: it keeps
 * their numbers in registers, between the two passes over a row and from row to row.
 */
function backward(width: number, kind: Kind, target: 'x' | 'xGradient'): Shader {
  const isCentered = kind === 'centered';
  const threads = threadsFor(width);
  const columns = Math.ceil(width / threads);
  const column = (k: number) => `thread + ${k * threads}u`;
  return {
    threads,
    writes: { [target]: 'f32', shares: 'f32' },
    reads: {
      ...(target === 'x' ? {} : { x: 'f32' }),
      weight: 'f32',
      ...(isCentered && { means: 'f32' }),
      inverses: 'f32',
      gradient: 'f32',
    },
    uniforms: { rows: 'u32' },
    declarations: workgroupReduction('ofRow', threads, 'vec2f', sum),
    body: `
  ${unrolled(columns, (k) => `var share${k} = 0.0;`)}
  for (var row = group * ${rowsOfGroup}u; row < min((group + 1u) * ${rowsOfGroup}u, uniforms.rows); row = row + 1u) {
    let start = row * ${width}u;
    let mean = ${isCentered ? 'means[row]' : '0.0'};
    let inverse = inverses[row];
    var sums = vec2f(0.0);
    ${unrolled(
      columns,
      (k) => `
    var normalized${k} = 0.0;
    var weighted${k} = 0.0;
    if (${column(k)} < ${width}u) {
      let outer = gradient[start + ${column(k)}];
      normalized${k} = (x[start + ${column(k)}] - mean) * inverse;
      weighted${k} = outer * weight[${column(k)}];
      share${k} = share${k} + outer * normalized${k};
      sums = sums + vec2f(weighted${k}, weighted${k} * normalized${k});
    }`,
    )}
    let averages = ofRow(sums, thread) / ${width}.0;
    ${unrolled(
      columns,
      (k) => `
    if (${column(k)} < ${width}u) {
      ${target}[start + ${column(k)}] = inverse * (weighted${k}${isCentered ? ' - averages.x' : ''} - normalized${k} * averages.y);
    }`,
    )}
  }
  ${unrolled(columns, (k) => `if (${column(k)} < ${width}u) { shares[group * ${width}u + ${column(k)}] = share${k}; }`)}`,
  };
}

const columnSums: Shader = {
  threads: 64,
  writes: { sums: 'f32' },
  reads: { shares: 'f32' },
  uniforms: { width: 'u32', rows: 'u32' },
  body: `
  let column = group * 64u + thread;
  if (column >= uniforms.width) { return; }
  var sum = 0.0;
  for (var row = 0u; row < uniforms.rows; row = row + 1u) { sum = sum + shares[row * uniforms.width + column]; }
  sums[column] = sum;`,
};

/** Implements layer norm and RMS norm over the rows of x and their gradients, that of x over x where it may be. */
export function implementNormalization(): string[] {
  return [
    implement(layerNormKernel, (run, inputs, { epsilon }) => {
      const means = run.output([inputs.x.shape[0]!]);
      return { means, ...normalized(run, 'centered', inputs, epsilon, { means }) };
    }),
    implement(layerNormGradientKernel, (run, { means, ...inputs }, { overwrite }) =>
      gradients(run, 'centered', inputs, overwrite, { means }),
    ),
    implement(rmsNormKernel, (run, inputs, { epsilon }) => normalized(run, 'uncentered', inputs, epsilon)),
    implement(rmsNormGradientKernel, (run, inputs, { overwrite }) =>
      gradients(run, 'uncentered', inputs, overwrite),
    ),
  ];
}

function normalized(
  run: KernelRun,
  kind: Kind,
  { x, weight }: Readonly<Record<'x' | 'weight', TensorInfo>>,
  epsilon: number,
  more: Readonly<Record<string, TensorInfo>> = {},
): Record<'y' | 'inverses', TensorInfo> {
  const [rows, width] = x.shape as [number, number];
  const outputs = { y: run.output(x.shape), inverses: run.output([rows]) };
  const threads = threadsFor(width);
  const tensors = { x, weight, ...outputs, ...more };
  run.dispatch(`${threads}`, () => forward(threads, kind), rows, tensors, { width, epsilon });
  return outputs;
}

function gradients(
  run: KernelRun,
  kind: Kind,
  inputs: Readonly<Record<'x' | 'weight' | 'inverses' | 'gradient', TensorInfo>>,
  overwrite: boolean,
  more: Readonly<Record<string, TensorInfo>> = {},
): Record<'x' | 'weight', TensorInfo> {
  const { x, weight } = inputs;
  const [rows, width] = x.shape as [number, number];
  if (rows === 0) return { x: run.output(x.shape), weight: run.zeros(weight.shape) };
  const isOver = run.mayOverwrite(x, overwrite);
  const xGradient = isOver ? run.shared(x) : run.output(x.shape);
  const sums = run.output(weight.shape);
  const groups = Math.ceil(rows / rowsOfGroup);
  const shares = run.scratch([groups, width]);
  run.dispatch(
    `of ${width}${isOver ? ' over x' : ''}`,
    () => backward(width, kind, isOver ? 'x' : 'xGradient'),
    groups,
    { ...inputs, ...more, xGradient, shares },
    { rows },
  );
  run.dispatch('sums', () => columnSums, Math.ceil(width / 64), { shares, sums }, { width, rows: groups });
  return { x: xGradient, weight: sums };
}
