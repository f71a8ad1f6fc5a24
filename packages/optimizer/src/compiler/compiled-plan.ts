import type * as tf from '@tensorflow/tfjs-core';
import type { ScalarValues } from '../rule/scalar-arithmetic.ts';

/** Tensors by their name in a plan. */
export type TensorsByName = Readonly<Record<string, tf.Tensor>>;

/** The key of the noise that an output is rounded with; `undefined` for rounding to the nearest number, which WebGPU alone is asked for. */
export type KeyOf<Key = number> = (output: string) => Key;

/** The memory of a backend, in which compiled plans update tensors where they are. */
export interface PlanMemory {
  /** Whether anything else holds the memory of a tensor. */
  isHeldElsewhere(dataId: object): boolean;
  /** A new tensor of 32-bit elements, which are undefined. @throws Error if there is no room for it */
  allocate(shape: readonly number[], dtype?: tf.DataType): tf.Tensor;
  /** Whether the elements of a tensor are of another type than it says, since a cast left them as they were. */
  isCastInName?(tensor: tf.Tensor): boolean;
  /** Makes the backend forget what it derived from a tensor that has been written over. */
  contentChanged(dataId: object, size: number): void;
}

/** An update plan compiled for the memory of one backend. */
export interface CompiledPlan {
  /** Names of the outputs that it computes; the others are the inputs of their names as they are. */
  readonly outputs: readonly string[];
  /**
   * Runs the plan.
   *
   * @param inputs The tensors of the plan, float32 and in this memory; packed slots as words.
   * @param outputs Where the new values go: for an input of the same name that nothing else holds, that input.
   * @param keyOf Keys of the noise that outputs are rounded with, where slots are packed.
   */
  run(inputs: TensorsByName, outputs: TensorsByName, scalars: ScalarValues, keyOf?: KeyOf): void;
  /**
   * Readies a run that writes every output over the input of its name.
   *
   * @returns runs it
   * @throws Error if a tensor has no memory, or the run would find none for its intermediate values
   */
  stage(inputs: TensorsByName): (scalars: ScalarValues, keyOf?: KeyOf) => void;
}
