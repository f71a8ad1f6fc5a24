import { fileURLToPath } from 'node:url';
import {
  memoryTraffic,
  type OptimizerClass,
  type PlanFeatures,
  planUpdate,
  type StateFormat,
} from '@steepest/optimizer';
import { listOptimizers, optimizerByName, optimizerRecord } from '@steepest/registry';
import { loadInstalledOptimizers } from '@steepest/registry/node';
import * as tf from '@tensorflow/tfjs';

/** Something whose runs are timed, in turn with others. */
export interface Subject {
  readonly name: string;
  run(): void;
  dispose(): void;
}

/** tf.train's optimizers, by the names of ours that compute the same; for every other one it is Adam. */
const tfjsOptimizers: Readonly<Record<string, () => tf.Optimizer>> = {
  adagrad: () => tf.train.adagrad(learningRate),
  adam: () => tf.train.adam(learningRate),
  rmsprop: () => tf.train.rmsprop(learningRate),
  sgd: () => tf.train.sgd(learningRate),
};

const learningRate = 1e-3;
const benchmark = fileURLToPath(new URL('..', import.meta.url));

/** Names of the optimizers that are installed for the benchmark. */
export async function installedOptimizers(): Promise<string[]> {
  await loadInstalledOptimizers({ from: benchmark, conditions: ['@steepest/source'] });
  return listOptimizers();
}

/** Whether an optimizer multiplies or factorizes matrices, whose cost no memory bandwidth explains. */
export function usesMatrices(name: string): boolean {
  return optimizerRecord(name).capabilities.transforms;
}

/** A vector up to 4,096 parameters, as biases and norms are; above that, and for what needs one, a matrix. */
export function shapeOf(size: number, name: string): number[] {
  if (size <= 4096 && !usesMatrices(name)) return [size];
  let rows = 2 ** Math.floor(Math.log2(Math.sqrt(size)));
  while (size % rows !== 0) rows--;
  return [rows, size / rows];
}

/** One parameter, a gradient of its shape and an optimizer. */
function stepper(name: string, optimizer: tf.Optimizer, shape: number[]): Subject {
  const variable = tf.tidy(() =>
    tf.variable(tf.randomNormal(shape, 0, 1, 'float32', 1), true, `${name} parameter`),
  );
  const gradient = tf.randomNormal(shape, 0, 1, 'float32', 2);
  const gradients = { [variable.name]: gradient };
  return {
    name,
    run: () => optimizer.applyGradients(gradients),
    dispose: () => {
      optimizer.dispose();
      tf.dispose([variable, gradient]);
    },
  };
}

/** One of our optimizers with its defaults, and with its state in a format. */
export function ours(name: string, shape: number[], stateFormat: StateFormat = 'float32'): Subject {
  const optimizer = new (optimizerByName(name) as OptimizerClass<object>)({ stateFormat });
  return stepper(stateFormat === 'float32' ? name : `${name} in ${stateFormat}`, optimizer, shape);
}

/** The optimizer of tf.train to compare one of ours with. */
export function tfjsCounterpart(name: string, shape: number[]): Subject {
  const counterpart = name in tfjsOptimizers ? name : 'adam';
  return stepper(`tf.train.${counterpart}`, tfjsOptimizers[counterpart]!(), shape);
}

/** Bytes that a step moves and that it must move at least; `undefined` where no kernel is compiled. */
export function bytesPerStep(
  name: string,
  shape: readonly number[],
  features: PlanFeatures = {},
): { readonly moved: number; readonly least: number } | undefined {
  const { rule } = optimizerByName(name);
  const size = shape.reduce((product, length) => product * length, 1);
  const settings = Object.fromEntries(
    Object.entries(rule.settings ?? {}).map(([key, spec]) => [key, spec.default]),
  );
  const defaults = rule.defaults as Readonly<Record<string, unknown>> | undefined;
  const constant = (key: string): number | undefined => {
    const value = defaults?.[key] ?? rule.hyperparameters[key]?.default;
    return typeof value === 'number' ? value : undefined;
  };
  const parameter = { name: 'parameter', shape, size };
  const context = { parameter, settings: { ...settings, ...defaults }, constant };
  return memoryTraffic(planUpdate(rule, context, features));
}
