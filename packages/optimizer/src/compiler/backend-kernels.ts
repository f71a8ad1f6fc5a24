import * as tf from '@tensorflow/tfjs-core';
import type { Shape } from '../rule/expression.ts';
import type { UpdatePlan } from '../rule/plan.ts';
import type { PackedFormat } from '../state-formats/packed-slot.ts';
import type { CompiledPlan, PlanMemory } from './compiled-plan.ts';

/** What one backend runs in place of tfjs operations. */
export interface BackendKernels {
  readonly memory: PlanMemory;
  /** @returns `undefined` for a plan that kernels cannot run */
  compile(plan: UpdatePlan): CompiledPlan | undefined;
  /** A new float32 tensor of equal elements, where tfjs would not notice that there is no room for it. */
  filled?(shape: Shape, value: number): tf.Tensor;
  /**
   * The sum of the squares of a float32 tensor, in float64.
   *
   * @param options.minus A float32 tensor of the same size that is subtracted first.
   * @param options.bound Every element is brought into [-bound, bound] first.
   */
  sumOfSquares?(
    tensor: tf.Tensor,
    options: { readonly minus?: tf.Tensor | undefined; readonly bound?: number | undefined },
  ): number;
  /** How packed slots are kept on a device as words, where they otherwise are numbers. */
  readonly words?: {
    /** A tensor as the words of a packed slot; without a key, bfloat16 is rounded to the nearest number. */
    packed(values: tf.Tensor, format: PackedFormat, key: number | undefined): tf.Tensor;
    /** The numbers of the words of a packed slot, as a new tensor. */
    unpacked(words: tf.Tensor, format: PackedFormat, shape: Shape): tf.Tensor;
  };
}

type FindKernels = () => BackendKernels | undefined;

/** The version of this package, which its build defines; sources are of one version. */
declare const packageVersion: string | undefined;
const version = typeof packageVersion === 'undefined' ? 'source' : packageVersion;

// Entries share it also where a CDN has put a copy of this module into each. Only those of one version: another may have other plans.
const key: unique symbol = Symbol.for(`@steepest/optimizer@${version}/kernels`);
const holder = globalThis as { [key]?: Map<string, FindKernels> };

/**
 * Lets the engine use the kernels of a backend. What is registered is what a bundle holds: the engine itself names no compiler.
 *
 * @param find The kernels of the current backend, the same object for the same backend; `undefined` where it lacks what they need.
 */
export function registerKernels(backend: string, find: FindKernels): void {
  holder[key] ??= new Map();
  holder[key].set(backend, find);
}

/** The kernels of the current backend; `undefined` if there are none, or they were not loaded. */
export function currentKernels(): BackendKernels | undefined {
  return holder[key]?.get(tf.getBackend())?.();
}

/** Finds kernels by the memory that they work in, and makes them once for each. */
export function keptFor<Memory extends PlanMemory>(
  find: () => Memory | undefined,
  make: (memory: Memory) => BackendKernels,
): () => BackendKernels | undefined {
  const kept = new WeakMap<Memory, BackendKernels>();
  return () => {
    const memory = find();
    if (memory === undefined) return undefined;
    let kernels = kept.get(memory);
    if (kernels === undefined) {
      kernels = make(memory);
      kept.set(memory, kernels);
    }
    return kernels;
  };
}
