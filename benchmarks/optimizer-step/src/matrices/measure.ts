import type { OptimizerClass } from '@steepest/optimizer';
import { optimizerByName } from '@steepest/registry';
import * as tf from '@tensorflow/tfjs';
import { PyTorchOptimizer } from '../pytorch.ts';
import { type ClockName, interleaved, type Timed, timed } from '../timing.ts';
import { allocationsOf } from './allocations.ts';
import { layerShapes, type StepOperations } from './operations.ts';

export interface MatrixOptions {
  readonly layers: number;
  readonly rounds: number;
  readonly milliseconds: number;
  readonly clock: ClockName;
  readonly threads: number;
  readonly python: string;
}

/** One optimizer on all matrices of a model, timed in turn with a product. Times are medians in milliseconds. */
export interface MatrixMeasurement {
  readonly width: number;
  readonly threads: number;
  readonly optimizer: string;
  /** Of a step, over a whole period. */
  readonly step: number;
  readonly operations: number;
  /** Operations in a second of the product beside it. */
  readonly productSpeed: number;
  /** The part of the product's speed at which the step does its operations. */
  readonly reached: number;
  readonly allocationsPerMatrix: number;
  /** A step of `torch.optim.Muon` on the same matrices. */
  readonly pytorch?: number;
}

/** The product that speeds are compared with, [4 width, width] by [width, width] as in a layer. */
function productOf(width: number, clock: ClockName): { timed: Timed; operations: number; dispose(): void } {
  const a = tf.randomNormal([4 * width, width], 0, 1, 'float32', 1);
  const b = tf.randomNormal([width, width], 0, 1, 'float32', 2);
  return {
    timed: timed('product', () => tf.dispose(tf.matMul(a, b)), clock),
    operations: 8 * width ** 3,
    dispose: () => tf.dispose([a, b]),
  };
}

/** Times the step of an optimizer on the matrices of a model's layers. */
export async function measureMatrices(
  { optimizer: name, count, period }: StepOperations,
  width: number,
  { layers, rounds, milliseconds, clock, threads, python }: MatrixOptions,
): Promise<MatrixMeasurement> {
  const shapes = layerShapes(width, layers);
  const variables = shapes.map((shape, i) =>
    tf.tidy(() => tf.variable(tf.randomNormal([...shape], 0, 1, 'float32', i + 1), true, `matrix ${i}`)),
  );
  const gradients = Object.fromEntries(
    variables.map((variable, i) => [
      variable.name,
      tf.randomNormal(variable.shape, 0, 1, 'float32', 100 + i),
    ]),
  );
  const optimizer = new (optimizerByName(name) as OptimizerClass<object>)();
  const step = () => optimizer.applyGradients(gradients);
  const product = productOf(width, clock);
  const subject = timed(
    name,
    () => {
      for (let i = 0; i < period; i++) step();
    },
    clock,
  );
  const pytorch =
    name === 'muon'
      ? await PyTorchOptimizer.start(python, {
          program: 'muon',
          subject: [shapes.map((shape) => shape.join('x')).join()],
          threads,
          clock,
        })
      : undefined;
  const torchSubject: Timed | undefined = pytorch && { name: 'pytorch', time: (n) => pytorch.time(n) };
  const subjects = [subject, product.timed, ...(torchSubject === undefined ? [] : [torchSubject])];
  const timings = await interleaved(subjects, { rounds, milliseconds });
  const allocations = allocationsOf(subject.time.bind(subject, 1));
  pytorch?.stop();
  optimizer.dispose();
  product.dispose();
  tf.dispose([variables, gradients]);
  const operations = shapes.reduce((sum, [rows, columns]) => sum + count(rows, columns), 0);
  const median = timings.get(subject)!.median / period;
  const productSpeed = (product.operations / timings.get(product.timed)!.median) * 1000;
  return {
    width,
    threads,
    optimizer: name,
    step: median,
    operations,
    productSpeed,
    reached: operations / (median / 1000) / productSpeed,
    allocationsPerMatrix: allocations / period / shapes.length,
    ...(torchSubject && { pytorch: timings.get(torchSubject)!.median }),
  };
}
