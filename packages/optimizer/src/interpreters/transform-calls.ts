import * as tf from '@tensorflow/tfjs-core';
import type { Shape, TensorTransform } from '../rule/expression.ts';
import { stacked } from './concatenated.ts';

/** A transform that a parameter's step waits for. */
export interface TransformCall {
  readonly transform: TensorTransform;
  /** Its inputs, and the shapes that it takes them in. */
  readonly inputs: readonly { readonly tensor: tf.Tensor; readonly shape: Shape }[];
  readonly scalars: readonly number[];
}

/** Work that stops wherever it needs transforms, is given their results, and continues. */
export type Staging<Result> = Generator<readonly TransformCall[], Result, readonly tf.Tensor[]>;

/** Elements of all inputs of one batch: a larger one would only take more memory, since its parts fill all cores alone. */
const largestBatch = 2 ** 22;
/** Elements of all inputs of one transform above which copies into a batch and out of it cost more than a start on wasm. */
const largestCopied = 2 ** 15;

/**
 * Runs stagings side by side, so that transforms of one kind that several of them need become one batch.
 *
 * @returns what each returns
 */
export function runTogether<Result>(stagings: readonly Staging<Result>[]): Result[] {
  const results = new Array<Result>(stagings.length);
  let waiting = stagings.map((staging, index) => ({ staging, index, next: staging.next() }));
  for (;;) {
    const open: { readonly staging: Staging<Result>; readonly index: number; readonly count: number }[] = [];
    const calls: TransformCall[] = [];
    for (const { staging, index, next } of waiting) {
      if (next.done === true) {
        results[index] = next.value;
      } else {
        open.push({ staging, index, count: next.value.length });
        calls.push(...next.value);
      }
    }
    if (open.length === 0) return results;
    const answers = transformed(calls);
    let from = 0;
    waiting = open.map(({ staging, index, count }) => {
      const own = answers.slice(from, from + count);
      from += count;
      return { staging, index, next: staging.next(own) };
    });
  }
}

/** The results of transforms, each a tensor of its own. */
function transformed(calls: readonly TransformCall[]): tf.Tensor[] {
  const results = new Array<tf.Tensor>(calls.length);
  for (const indices of batchesOf(calls)) {
    const batch = indices.map((index) => calls[index]!);
    const outcome = tf.tidy(() => (batch.length === 1 ? [single(batch[0]!)] : together(batch)));
    for (const [i, index] of indices.entries()) results[index] = outcome[i]!;
  }
  return results;
}

/** The positions of calls that are run as one, in the order of the first of each. */
function batchesOf(calls: readonly TransformCall[]): number[][] {
  const batches: number[][] = [];
  const open = new Map<string, { readonly batch: number[]; elements: number }>();
  const isOnWasm = tf.getBackend() === 'wasm';
  for (const [index, { transform, inputs, scalars }] of calls.entries()) {
    const elements = inputs.reduce((sum, { tensor }) => sum + tensor.size, 0);
    const isAlone = transform.batch?.sharesCores === true && elements > largestCopied && isOnWasm;
    if (transform.batch === undefined || isAlone) {
      batches.push([index]);
      continue;
    }
    const shapes = inputs.map(({ shape }) => shape);
    const key = JSON.stringify([
      transform.name,
      transform.batch.key,
      transform.shape,
      shapes,
      // Their bits: JSON has no NaN, no infinities and no -0.
      String(new BigUint64Array(Float64Array.from(scalars).buffer)),
    ]);
    const found = open.get(key);
    if (found !== undefined && found.elements + elements <= largestBatch) {
      found.batch.push(index);
      found.elements += elements;
    } else {
      const batch = [index];
      batches.push(batch);
      open.set(key, { batch, elements });
    }
  }
  return batches;
}

function single({ transform, inputs, scalars }: TransformCall): tf.Tensor {
  const operands = inputs.map(({ tensor, shape }) => inShape(tensor, shape));
  const result = checked(transform, transform.onTensors(operands, scalars), transform.shape);
  return inputs.some(({ tensor }) => tensor === result) ? tf.clone(result) : result;
}

function together(batch: readonly TransformCall[]): tf.Tensor[] {
  const { transform, inputs, scalars } = batch[0]!;
  const operands = inputs.map(({ shape }, place) =>
    stacked(batch.map((call) => inShape(call.inputs[place]!.tensor, shape))),
  );
  const result = transform.batch!.onTensors(operands, scalars);
  checked(transform, result, [batch.length, ...transform.shape]);
  // `tf.unstack` copies the whole batch for every part on wasm.
  return tf.split(result, batch.length).map((part) => tf.reshape(part, [...transform.shape]));
}

function checked({ name }: TensorTransform, result: tf.Tensor, shape: Shape): tf.Tensor {
  if (tf.util.arraysEqual(result.shape, [...shape])) return result;
  throw new Error(`${name} declares the shape [${shape}] and returned [${result.shape}]`);
}

function inShape(tensor: tf.Tensor, shape: Shape): tf.Tensor {
  return tf.util.arraysEqual(tensor.shape, [...shape]) ? tensor : tf.reshape(tensor, [...shape]);
}
